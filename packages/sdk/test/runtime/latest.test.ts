import assert from 'node:assert/strict';
import { Latest } from '@credence/sdk/runtime';

describe('Latest', () => {
  it('gives a new watcher the current value first', async () => {
    const latest = new Latest('a');
    assert.deepEqual(await take(latest.watch(), 1), ['a']);
  });

  it('skips what came while the reader was busy, except the last', async () => {
    const latest = new Latest(0);
    const watch = latest.watch();
    assert.equal((await watch.next()).value, 0);
    latest.set(1);
    latest.set(2);
    latest.set(3);
    assert.equal((await watch.next()).value, 3);
  });

  it('wakes each of several waiting readers', async () => {
    const latest = new Latest(0);
    const watches = [latest.watch({ initial: false }), latest.watch({ initial: false })];
    const waiting = watches.map((watch) => watch.next());
    latest.set(1);
    assert.deepEqual(
      (await Promise.all(waiting)).map((result) => result.value),
      [1, 1],
    );
  });

  it('shows the last value before it ends', async () => {
    const latest = new Latest(0);
    const watch = latest.watch({ initial: false });
    latest.set(1);
    latest.end();
    latest.set(2);
    assert.deepEqual(await take(watch, 5), [1]);
  });

  it('throws the failure that ended it', async () => {
    const latest = new Latest(0);
    const next = latest.watch({ initial: false }).next();
    latest.end(new Error('gone'));
    await assert.rejects(next, /gone/);
  });

  it('throws the reason of an aborted signal, and leaves no listener behind', async () => {
    const latest = new Latest(0);
    const controller = new AbortController();
    const next = latest.watch({ signal: controller.signal, initial: false }).next();
    controller.abort(new Error('enough'));
    await assert.rejects(next, /enough/);
  });
});

async function take<T>(values: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const value of values) {
    taken.push(value);
    if (taken.length === count) break;
  }
  return taken;
}
