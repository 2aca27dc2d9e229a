// The event loop, divided among the callers of a daemon: it reads every connection that has something to say, as much as
// there is, so that whoever sends the most would get the most of it, and the others their answers late.
import type { Socket } from 'node:net';
import type { Clock } from '../runtime/clock.js';
import { pauseReading, resumeReading } from './sockets.js';

/** Work for a caller after which the others are looked at first. A frame of HTTP/2 is 1. */
export const workOfTurn = 2048;

/** What a call costs at the least, beside the frames of its request; so does a connection. */
export const workOfCall = 16;

/** How long the work of a turn takes, on a slow core. */
export const turnMs = 20;

/** Whose connections are read by the same turns. */
export interface Party {
  readonly name: string;
  /** How much more may be done for it than for one caller, as for a user, who has processes. Default 1. */
  readonly weight?: number;
}

interface Member {
  readonly socket: Socket;
  /** The one to which the socket belongs most closely, such as its process, comes first. */
  readonly parties: readonly PartyState[];
}

interface PartyState {
  readonly name: string;
  readonly weight: number;
  readonly members: Set<Member>;
  /** In this round of the event loop. */
  work: number;
  /** In all rounds. */
  total: number;
  /** Its turn is over: nothing of it is read. */
  waiting: boolean;
}

/**
 * Callers by turns: after a bounded piece of work for a party, nothing more of it is read for as long as this work may
 * have taken. What one read has brought by then, 64 KiB at the most, is worked off.
 */
export class Turns {
  readonly #clock: Clock;
  readonly #parties = new Map<string, PartyState>();
  readonly #worked = new Set<PartyState>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many parties are known. */
  get size(): number {
    return this.#parties.size;
  }

  /**
   * Has a socket read by turns, until it closes: while none of its parties has to wait.
   *
   * @returns what counts work for it, to be called while it is being read.
   */
  join(socket: Socket, ...parties: readonly Party[]): (work: number) => void {
    const member = { socket, parties: parties.map((party) => this.#find(party)) };
    for (const party of member.parties) party.members.add(member);
    socket.once('close', () => {
      for (const party of member.parties) {
        party.members.delete(member);
        this.#forgetUnused(party);
      }
    });
    return (work) => {
      // Comes right after the sockets were read.
      if (this.#worked.size === 0) setImmediate(this.#endRound);
      for (const party of member.parties) this.#count(party, work);
      // It may have come, or been read on, after the others were told to wait.
      if (!mayBeRead(member)) pauseReading(socket);
    };
  }

  #find({ name, weight = 1 }: Party): PartyState {
    const known = this.#parties.get(name);
    if (known !== undefined) return known;
    const party = { name, weight, members: new Set<Member>(), work: 0, total: 0, waiting: false };
    this.#parties.set(name, party);
    return party;
  }

  #count(party: PartyState, work: number): void {
    this.#worked.add(party);
    party.work += work;
    party.total += work;
    if (party.waiting || turnsOf(party) < 1) return;
    party.waiting = true;
    for (const { socket } of party.members) pauseReading(socket);
  }

  readonly #endRound = (): void => {
    for (const party of this.#worked) {
      const turns = turnsOf(party);
      if (turns >= 1) void this.#resumeAfter(turnMs * turns, party);
      party.work = 0;
    }
    this.#worked.clear();
  };

  async #resumeAfter(ms: number, party: PartyState): Promise<void> {
    await this.#clock.sleep(ms, { ref: false });
    party.waiting = false;
    // They are read in this order, and the first who sends much ends the turn of all.
    const modestFirst = [...party.members].sort((a, b) => totalOf(a) - totalOf(b));
    for (const member of modestFirst) if (mayBeRead(member)) resumeReading(member.socket);
    this.#forgetUnused(party);
  }

  /** Not before the wait is over: it would be ended by connecting anew. */
  #forgetUnused({ name, members, waiting }: PartyState): void {
    if (members.size === 0 && !waiting) this.#parties.delete(name);
  }
}

function turnsOf({ work, weight }: PartyState): number {
  return work / (workOfTurn * weight);
}

function mayBeRead({ parties }: Member): boolean {
  return parties.every(({ waiting }) => !waiting);
}

function totalOf({ parties }: Member): number {
  return parties[0]?.total ?? 0;
}
