import assert from 'node:assert/strict';
import { setImmediate as nextRound } from 'node:timers/promises';
import { ManualClock } from '@credence/sdk/testing';
import { turnMs, workOfTurn } from '../../../dist/endpoints/peer/limits.js';
import type { Peer } from '../../../dist/endpoints/peer/peer.js';
import { Turns } from '../../../dist/endpoints/peer/turns.js';

describe('the turns of users', () => {
  let clock: ManualClock;
  let turns: Turns;
  /** Connections that are not read, by name; each of user 1 or 2. */
  let paused: Set<string>;
  let peers: Peer[];

  const peer = (name: string, uid: number): Peer =>
    ({
      uid,
      pause: () => {
        assert.ok(!paused.has(name) && paused.add(name), `${name} is paused twice`);
      },
      resume: () => {
        assert.ok(paused.delete(name), `${name} is resumed, and was read`);
      },
    }) as Partial<Peer> as Peer;

  beforeEach(() => {
    clock = new ManualClock();
    paused = new Set();
    peers = [peer('a', 1), peer('b', 1), peer('other', 2)];
    turns = new Turns(clock, { ofUser: (uid) => peers.filter((one) => one.uid === uid) });
  });

  it('end after a bounded piece of work, for all connections of the user alone', () => {
    turns.count(peers[0]!, workOfTurn - 1);
    assert.deepEqual([...paused], []);
    turns.count(peers[1]!, 1);
    assert.deepEqual([...paused], ['a', 'b']);
    turns.count(peers[2]!, workOfTurn - 1);
    assert.deepEqual([...paused], ['a', 'b']);
  });

  it('come again after as long as the work may have taken', async () => {
    turns.count(peers[0]!, 2 * workOfTurn);
    turns.count(peers[0]!, workOfTurn);
    await nextRound();
    await clock.advance(3 * turnMs - 1);
    assert.equal(paused.size, 2);
    await clock.advance(1);
    assert.equal(paused.size, 0);
    turns.count(peers[0]!, workOfTurn);
    assert.equal(paused.size, 2);
  });

  it('count what one round of the event loop brings', async () => {
    for (let round = 0; round < 3; round++) {
      turns.count(peers[0]!, workOfTurn - 1);
      await nextRound();
    }
    assert.equal(paused.size, 0);
    assert.equal(clock.sleepers, 0);
  });

  it('are no sooner for a connection that is new, or has read on', async () => {
    turns.count(peers[0]!, workOfTurn);
    await nextRound();
    const late = peer('late', 1);
    turns.count(late, 1);
    turns.count(late, 1);
    assert.deepEqual([...paused], ['a', 'b', 'late']);
    await nextRound();
    await clock.advance(turnMs);
    assert.equal(paused.size, 0);
    assert.equal(clock.sleepers, 0);
  });
});
