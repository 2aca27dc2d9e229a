// The event loop, divided among the users of the machine: it reads every connection that has something to say, as much
// as there is, so that whoever has the most connections would get the most of it, and the others their answers late.
import type { Clock } from '@credence/sdk/runtime';
import { turnMs, workOfTurn } from './limits.js';
import type { Peer } from './peer.js';

/** Who is connected. */
export interface ConnectedPeers {
  /** The connections of a user. */
  ofUser(uid: number): readonly Peer[];
}

/**
 * Users by turns: after a bounded piece of work for a user, nothing more of his is read for as long as this work may
 * have taken. What one read has brought by then, 64 KiB at the most, is worked off.
 */
export class Turns {
  readonly #clock: Clock;
  readonly #peers: ConnectedPeers;
  /** By user, in this round of the event loop. */
  readonly #work = new Map<number, number>();
  /** Users whose turn is over, with their connections that are not read. */
  readonly #waiting = new Map<number, Set<Peer>>();

  constructor(clock: Clock, peers: ConnectedPeers) {
    this.#clock = clock;
    this.#peers = peers;
  }

  /** Counts work for a peer, to be called while its connection is being read; units as of {@link workOfTurn}. */
  count(peer: Peer, work: number): void {
    const { uid } = peer;
    // Comes right after the connections were read.
    if (this.#work.size === 0) setImmediate(this.#endRound);
    const sum = (this.#work.get(uid) ?? 0) + work;
    this.#work.set(uid, sum);
    const waiting = this.#waiting.get(uid);
    if (waiting !== undefined) pause([peer], waiting);
    else if (sum >= workOfTurn) this.#waiting.set(uid, pause(this.#peers.ofUser(uid), new Set()));
  }

  readonly #endRound = (): void => {
    for (const [uid, work] of this.#work) {
      if (work >= workOfTurn) void this.#resumeAfter(turnMs * (work / workOfTurn), uid);
    }
    this.#work.clear();
  };

  async #resumeAfter(ms: number, uid: number): Promise<void> {
    await this.#clock.sleep(ms, { ref: false });
    const waiting = this.#waiting.get(uid) ?? [];
    this.#waiting.delete(uid);
    for (const peer of waiting) peer.resume();
  }
}

function pause(peers: readonly Peer[], waiting: Set<Peer>): Set<Peer> {
  for (const peer of peers) {
    if (!waiting.has(peer)) peer.pause();
    waiting.add(peer);
  }
  return waiting;
}
