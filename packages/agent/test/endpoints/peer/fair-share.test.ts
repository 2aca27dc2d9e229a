import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FairShare } from '../../../dist/endpoints/peer/fair-share.js';

function takeAll(share: FairShare, uid: number): number {
  let count = 0;
  while (share.take(uid)) count++;
  return count;
}

describe('fair shares of the users', () => {
  it('give a single user two thirds of all places', () => {
    assert.equal(takeAll(new FairShare(3072), 1000), 2048);
  });

  it('leave places for another user when several have taken all that they can get', () => {
    fc.assert(
      fc.property(fc.integer({ min: 16, max: 5000 }), fc.integer({ min: 1, max: 5 }), (size, users) => {
        fc.pre(size >= 3 ** (users + 1));
        const share = new FairShare(size);
        for (let uid = 0; uid < users; uid++) assert.ok(takeAll(share, uid) >= 1);
        assert.equal(share.take(users), true);
      }),
    );
  });

  it('are given back', () => {
    const share = new FairShare(30);
    assert.equal(takeAll(share, 1), 20);
    for (let i = 0; i < 20; i++) share.giveBack(1);
    assert.equal(takeAll(share, 2), 20);
    assert.throws(() => {
      share.giveBack(1);
    }, TypeError);
  });
});
