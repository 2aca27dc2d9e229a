// Failed calls in the log, as many as help. Every process of the machine may call, as often as it likes: no user may fill
// the log with that, or hide in it what others do.
import type { Clock } from '@credence/sdk/runtime';
import type { Peer } from './peer.js';

export interface FailureLogOptions {
  readonly clock: Clock;
}

interface Share {
  /** As of `at`, in milliseconds since the epoch. */
  level: number;
  at: number;
  unreported: number;
}

// A hundred at a stroke, and one a second afterwards, for each user.
const atAStroke = 100;
const regainMs = 1000;
// Users that have been quiet are forgotten when there are so many.
const mostShares = 1024;

export class FailureLog {
  readonly #clock: Clock;
  readonly #shares = new Map<number, Share>();

  constructor({ clock }: FailureLogOptions) {
    this.#clock = clock;
  }

  /** Calls `write` for one more failure of a user's call, with the count of those that it was not called for before. */
  report({ uid }: Pick<Peer, 'uid'>, write: (unreported: number) => void): void {
    const share = this.#shareOf(uid);
    if (share.level < 1) {
      share.unreported++;
      return;
    }
    share.level--;
    write(share.unreported);
    share.unreported = 0;
  }

  #shareOf(uid: number): Share {
    const now = this.#clock.now().getTime();
    if (this.#shares.size >= mostShares) this.#sweep(now);
    const share = this.#shares.get(uid) ?? { level: atAStroke, at: now, unreported: 0 };
    share.level = levelAt(share, now);
    share.at = now;
    this.#shares.set(uid, share);
    return share;
  }

  #sweep(now: number): void {
    for (const [uid, share] of this.#shares) if (levelAt(share, now) >= atAStroke) this.#shares.delete(uid);
  }
}

function levelAt({ level, at }: Share, now: number): number {
  return Math.min(atAStroke, level + Math.max(0, now - at) / regainMs);
}
