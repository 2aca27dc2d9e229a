import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { setImmediate as nextRound } from 'node:timers/promises';
import { ManualClock } from '../../dist/testing/manual-clock.js';
import { Turns, turnMs, workOfTurn } from '../../dist/daemon/turns.js';

describe('the turns of users', () => {
  let clock: ManualClock;
  let turns: Turns;
  /** Sockets that are not read, by name. */
  let paused: Set<string>;

  function join(name: string, user: string): { readonly socket: Socket; readonly count: (work: number) => void } {
    const handle = {
      readStop: () => {
        assert.ok(!paused.has(name), `${name} is paused twice`);
        paused.add(name);
      },
      readStart: () => {
        assert.ok(paused.delete(name), `${name} is read on, and was read`);
      },
      close: (done: () => void) => {
        handle.readStop = handle.readStart = () => assert.fail(`${name} is closed`);
        process.nextTick(done);
      },
    };
    const socket = Object.assign(new Socket(), { _handle: handle });
    return { socket, count: turns.join(socket, user) };
  }

  beforeEach(() => {
    clock = new ManualClock();
    paused = new Set();
    turns = new Turns(clock);
  });

  it('end after a bounded piece of work, for all sockets of the user alone', () => {
    const [a, b, other] = [join('a', 'alice'), join('b', 'alice'), join('other', 'bob')];
    a.count(workOfTurn - 1);
    assert.deepEqual([...paused], []);
    b.count(1);
    assert.deepEqual([...paused], ['a', 'b']);
    other.count(workOfTurn - 1);
    assert.deepEqual([...paused], ['a', 'b']);
  });

  it('come again after as long as the work may have taken', async () => {
    const { count } = join('a', 'alice');
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
    const { count } = join('a', 'alice');
    for (let round = 0; round < 3; round++) {
      count(workOfTurn - 1);
      await nextRound();
    }
    assert.equal(paused.size, 0);
    assert.equal(clock.sleepers, 0);
  });

  it('are no sooner for a socket that is new, nor for a user who comes again', async () => {
    const first = join('first', 'alice');
    first.count(workOfTurn);
    await nextRound();
    paused.clear();
    first.socket.destroy();
    await once(first.socket, 'close');
    const late = join('late', 'alice');
    late.count(1);
    late.count(1);
    assert.deepEqual([...paused], ['late']);
    await nextRound();
    await clock.advance(turnMs);
    assert.equal(paused.size, 0);
    assert.equal(clock.sleepers, 0);
  });

  it('are forgotten with the last socket of the user, once they need not wait', async () => {
    const [quiet, busy] = [join('quiet', 'alice'), join('busy', 'bob')];
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
