import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { setImmediate as nextRound } from 'node:timers/promises';
import { ManualClock } from '../../dist/testing/manual-clock.js';
import { Turns, turnMs, workOfTurn, type Party } from '../../dist/daemon/turns.js';

describe('the turns of callers', () => {
  const alice = { name: 'alice' };
  let clock: ManualClock;
  let turns: Turns;
  /** Sockets that are not read, by name. */
  let paused: Set<string>;

  function join(
    name: string,
    ...parties: Party[]
  ): { readonly socket: Socket; readonly count: (work: number) => void } {
    const handle = {
      readStop: () => paused.add(name),
      readStart: () => paused.delete(name),
      close: (done: () => void) => {
        handle.readStop = handle.readStart = () => assert.fail(`${name} is closed`);
        process.nextTick(done);
      },
    };
    const socket = Object.assign(new Socket(), { _handle: handle });
    return { socket, count: turns.join(socket, ...parties) };
  }

  beforeEach(() => {
    clock = new ManualClock();
    paused = new Set();
    turns = new Turns(clock);
  });

  it('end after a bounded piece of work, for all sockets of the party alone', () => {
    const [a, b, other] = [join('a', alice), join('b', alice), join('other', { name: 'bob' })];
    a.count(workOfTurn - 1);
    assert.deepEqual([...paused], []);
    b.count(1);
    assert.deepEqual([...paused], ['a', 'b']);
    other.count(workOfTurn - 1);
    assert.deepEqual([...paused], ['a', 'b']);
  });

  it('come again after as long as the work may have taken', async () => {
    const { count } = join('a', alice);
    count(2 * workOfTurn);
    count(workOfTurn);
    await nextRound();
    await clock.advance(3 * turnMs - 1);
    assert.equal(paused.size, 1);
    await clock.advance(1);
    assert.equal(paused.size, 0);
    count(workOfTurn);
    assert.equal(paused.size, 1);
  });

  it('count what one round of the event loop brings', async () => {
    const { count } = join('a', alice);
    for (let round = 0; round < 3; round++) {
      count(workOfTurn - 1);
      await nextRound();
    }
    assert.equal(paused.size, 0);
    assert.equal(clock.sleepers, 0);
  });

  it('come for a process when they come for it and for its user, who has more of them', async () => {
    const user = { name: 'user', weight: 2 };
    const [busy, other] = [join('busy', { name: '1' }, user), join('other', { name: '2' }, user)];
    busy.count(workOfTurn);
    assert.deepEqual([...paused], ['busy']);
    busy.count(3 * workOfTurn);
    assert.deepEqual([...paused], ['busy', 'other']);
    await nextRound();
    await clock.advance(2 * turnMs);
    assert.deepEqual([...paused], ['busy']);
    other.count(workOfTurn);
    assert.deepEqual([...paused], ['busy', 'other']);
    await nextRound();
    await clock.advance(2 * turnMs);
    assert.equal(paused.size, 0);
  });

  it('begin with who has sent the least', async () => {
    const resumed: string[] = [];
    const user = { name: 'user' };
    const [busy, modest] = [join('busy', { name: '1' }, user), join('modest', { name: '2' }, user)];
    for (const [name, { socket }] of Object.entries({ busy, modest })) {
      Object.assign(socket, { _handle: { readStop: () => 0, readStart: () => resumed.push(name), close: () => 0 } });
    }
    busy.count(workOfTurn);
    modest.count(1);
    await nextRound();
    await clock.advance(2 * turnMs);
    assert.deepEqual(resumed, ['modest', 'busy']);
  });

  it('are no sooner for a socket that is new, nor for a party that comes again', async () => {
    const first = join('first', alice);
    first.count(workOfTurn);
    await nextRound();
    paused.clear();
    first.socket.destroy();
    await once(first.socket, 'close');
    const late = join('late', alice);
    late.count(1);
    assert.deepEqual([...paused], ['late']);
    await nextRound();
    await clock.advance(turnMs);
    assert.equal(paused.size, 0);
    assert.equal(clock.sleepers, 0);
  });

  it('are forgotten with the last socket of the party, once it need not wait', async () => {
    const [quiet, busy] = [join('quiet', alice), join('busy', { name: 'bob' })];
    busy.count(workOfTurn);
    await nextRound();
    for (const { socket } of [quiet, busy]) {
      socket.destroy();
      await once(socket, 'close');
    }
    assert.equal(turns.size, 1);
    await clock.advance(turnMs);
    assert.equal(turns.size, 0);
  });
});
