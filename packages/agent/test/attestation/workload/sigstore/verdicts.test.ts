import assert from 'node:assert/strict';
import { ManualClock } from '@credence/sdk/testing';
import { Verdicts } from '../../../../dist/attestation/workload/sigstore/verdicts.js';

const minute = 60_000;

describe('verdicts on images', () => {
  let clock: ManualClock;
  let asked: string[];
  let verify: (image: string, signal: AbortSignal) => Promise<readonly string[]>;
  let verdicts: Verdicts;

  beforeEach(() => {
    clock = new ManualClock(new Date('2026-11-22T12:00:00Z'));
    asked = [];
    verify = (image) => Promise.resolve([`of ${image}`]);
    verdicts = new Verdicts(clock, (image, signal) => {
      asked.push(image);
      return verify(image, signal);
    });
  });

  it('are asked for once when many ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => verdicts.of('app')));
    assert.deepEqual(answers[49], ['of app']);
    assert.deepEqual(asked, ['app']);
  });

  it('are kept for an hour when they are good', async () => {
    await verdicts.of('app');
    await clock.advance(59 * minute);
    await verdicts.of('app');
    assert.equal(asked.length, 1);
    await clock.advance(minute);
    await verdicts.of('app');
    assert.equal(asked.length, 2);
  });

  it('are kept for ten seconds when they are bad', async () => {
    verify = () => Promise.reject(new Error('unsigned'));
    await assert.rejects(verdicts.of('app'), /unsigned/);
    await clock.advance(9000);
    await assert.rejects(verdicts.of('app'), /unsigned/);
    assert.equal(asked.length, 1);
    verify = () => Promise.resolve(['signed']);
    await clock.advance(1000);
    assert.deepEqual(await verdicts.of('app'), ['signed']);
  });

  it('take thirty seconds at most, and what was begun for them is ended', async () => {
    let ended: AbortSignal | undefined;
    verify = (_image, signal) => {
      ended = signal;
      return new Promise(() => undefined);
    };
    const verdict = verdicts.of('app');
    const refused = assert.rejects(verdict, /the signatures of app were not found out within 30000 ms/);
    await clock.advance(30_000);
    await refused;
    assert.equal(ended?.aborted, true);
  });

  it('are worked on eight at a time', async () => {
    const finish: (() => void)[] = [];
    verify = (image) =>
      new Promise((resolve) =>
        finish.push(() => {
          resolve([image]);
        }),
      );
    const all = Array.from({ length: 10 }, (_, index) => verdicts.of(`registry${index}.example/app`));
    await clock.advance(0);
    assert.equal(asked.length, 8);
    while (finish.length > 0) {
      finish.shift()?.();
      await clock.advance(0);
    }
    assert.equal((await Promise.all(all)).length, 10);
  });

  it('are worked on two at a time of a registry, which keeps those of others waiting no longer', async () => {
    verify = (image) => (image.startsWith('evil.test/') ? new Promise(() => undefined) : Promise.resolve(['signed']));
    for (let index = 0; index < 10; index++) verdicts.of(`evil.test/app${index}`).catch(() => undefined);
    assert.deepEqual(await verdicts.of('registry.example/app'), ['signed']);
    assert.deepEqual(asked, ['evil.test/app0', 'evil.test/app1', 'registry.example/app']);
  });

  it('are a thousand at most: the oldest goes', async () => {
    for (let index = 0; index <= 1000; index++) await verdicts.of(`app${index}`);
    await verdicts.of('app1');
    assert.equal(asked.length, 1001);
    await verdicts.of('app0');
    assert.equal(asked.length, 1002);
  });
});
