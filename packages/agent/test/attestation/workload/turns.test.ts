import assert from 'node:assert/strict';
import { Turns } from '../../../dist/attestation/workload/turns.js';

describe('turns', () => {
  it('let a number of works of one user run at a time, in order, and do not keep other users waiting', async () => {
    const turns = new Turns(2);
    const begun: string[] = [];
    const finish = new Map<string, () => void>();
    const work = (uid: number, name: string): Promise<string> =>
      turns.take(uid, () => {
        begun.push(name);
        return new Promise((resolve) =>
          finish.set(name, () => {
            resolve(name);
          }),
        );
      });
    const all = [work(1, 'a'), work(1, 'b'), work(1, 'c'), work(1, 'd'), work(2, 'e')];
    assert.deepEqual(begun, ['a', 'b', 'e']);
    finish.get('b')?.();
    assert.equal(await all[1], 'b');
    assert.deepEqual(begun, ['a', 'b', 'e', 'c']);
    for (const name of ['a', 'c', 'e']) finish.get(name)?.();
    await Promise.all([all[0], all[2], all[4]]);
    finish.get('d')?.();
    assert.equal(await all[3], 'd');
  });

  it('go on after a work that failed', async () => {
    const turns = new Turns(1);
    const failed = turns.take(1, () => Promise.reject(new Error('broken')));
    const next = turns.take(1, () => Promise.resolve('next'));
    await assert.rejects(failed, /broken/);
    assert.equal(await next, 'next');
  });
});
