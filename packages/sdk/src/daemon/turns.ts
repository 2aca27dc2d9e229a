// The event loop, divided among the users of a daemon: it reads every connection that has something to say, as much as
// there is, so that whoever sends the most would get the most of it, and the others their answers late.
import type { Socket } from 'node:net';
import type { Clock } from '../runtime/clock.js';
import { pauseReading, resumeReading } from './sockets.js';

/** Work for one user after which the others are looked at first. A frame of HTTP/2 is 1. */
export const workOfTurn = 2048;

/** What a call costs at the least, beside the frames of its request; so does a connection. */
export const workOfCall = 16;

/** How long the work of a turn takes, on a slow core. */
export const turnMs = 20;

interface User {
  readonly name: string;
  readonly sockets: Set<Socket>;
  /** In this round of the event loop. */
  work: number;
  /** The turn is over: these are not read. */
  waiting: Set<Socket> | undefined;
}

/**
 * Users by turns: after a bounded piece of work for a user, nothing more of his is read for as long as this work may
 * have taken. What one read has brought by then, 64 KiB at the most, is worked off.
 */
export class Turns {
  readonly #clock: Clock;
  readonly #users = new Map<string, User>();
  readonly #worked = new Set<User>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many users are known. */
  get size(): number {
    return this.#users.size;
  }

  /**
   * Has a socket read by turns, until it closes.
   *
   * @returns what counts work for it, to be called while it is being read.
   */
  join(socket: Socket, name: string): (work: number) => void {
    const user = this.#users.get(name) ?? { name, sockets: new Set(), work: 0, waiting: undefined };
    this.#users.set(name, user);
    user.sockets.add(socket);
    socket.once('close', () => {
      user.sockets.delete(socket);
      this.#forgetUnused(user);
    });
    return (work) => {
      // Comes right after the sockets were read.
      if (this.#worked.size === 0) setImmediate(this.#endRound);
      this.#worked.add(user);
      user.work += work;
      if (user.waiting !== undefined) pause([socket], user.waiting);
      else if (user.work >= workOfTurn) pause(user.sockets, (user.waiting = new Set()));
    };
  }

  readonly #endRound = (): void => {
    for (const user of this.#worked) {
      if (user.work >= workOfTurn) void this.#resumeAfter(turnMs * (user.work / workOfTurn), user);
      user.work = 0;
    }
    this.#worked.clear();
  };

  async #resumeAfter(ms: number, user: User): Promise<void> {
    await this.#clock.sleep(ms, { ref: false });
    const waiting = user.waiting ?? [];
    user.waiting = undefined;
    for (const socket of waiting) resumeReading(socket);
    this.#forgetUnused(user);
  }

  /** Not before the wait is over: it would be ended by connecting anew. */
  #forgetUnused({ name, sockets, waiting }: User): void {
    if (sockets.size === 0 && waiting === undefined) this.#users.delete(name);
  }
}

function pause(sockets: Iterable<Socket>, waiting: Set<Socket>): void {
  for (const socket of sockets) {
    if (!waiting.has(socket)) pauseReading(socket);
    waiting.add(socket);
  }
}
