// JWT-SVIDs for workloads: asked for when a workload asks, kept to half their life. Past that a new one is asked for, and
// the old one stands in while it is valid, should the server be slow or away.
import {
  Backoff,
  isSpiffeError,
  joinSignals,
  type Clock,
  type Logger,
  type Random,
  type SpiffeError,
} from '@credence/sdk/runtime';
import type { AuthorizedEntry } from '../domain/authorized-entry.js';
import { agentError } from '../domain/errors.js';
import { parseIssuedJwtSvid } from '../domain/issued-jwt-svid.js';
import type { TrustBundle } from '../domain/workload-identity.js';
import { JwtSvidShelves, type HeldJwtSvid } from './jwt-svid-shelves.js';
import type { ServerPort } from './ports.js';
import { rotationTime } from './rotation-policy.js';

export interface JwtSvidCacheOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly server: Pick<ServerPort, 'newJwtSvid'>;
  /** How many JWT-SVIDs are held at most. */
  readonly maxSize: number;
}

export interface JwtSvidRequest {
  /** At least one; the order does not matter. */
  readonly audience: readonly string[];
  /** Asked before the server is: throws when this caller may not ask; what it returns is given back afterwards. */
  readonly admit: () => Disposable;
}

/** A request to the server, for everybody who wants the same meanwhile. */
interface Flight {
  readonly entry: AuthorizedEntry;
  readonly result: Promise<HeldJwtSvid>;
}

interface Wanted {
  readonly entry: AuthorizedEntry;
  readonly audience: readonly string[];
  readonly audienceKey: string;
}

// As SPIRE: how long a caller waits at most, and how long while it can have the old one.
const longestWaitMs = 30_000;
const patienceMs = 1000;
// An unreachable server is asked again for so long, within what most callers wait; not while an old one stands in.
const persistenceMs = 4000;
// After a failure the old one is good for so long without asking.
const retryMs = 5000;

export class JwtSvidCache implements Disposable {
  readonly #options: JwtSvidCacheOptions;
  readonly #shelves: JwtSvidShelves;
  readonly #flights = new Map<string, Flight>();
  readonly #ending = new AbortController();
  readonly #served = { cached: 0, fresh: 0, old: 0 };
  #tainted: ReadonlySet<string> = new Set();

  constructor(options: JwtSvidCacheOptions) {
    this.#options = options;
    this.#shelves = new JwtSvidShelves(options.maxSize);
  }

  get size(): number {
    return this.#shelves.size;
  }

  /** What was given out since the start: from the cache, new, and old since there was no new one. */
  get served(): { readonly cached: number; readonly fresh: number; readonly old: number } {
    return this.#served;
  }

  /**
   * A token of the entry for the audience, with some of its life left.
   *
   * @throws ERR_JWT_SVID; what `admit` throws; `signal.reason`
   */
  async fetch(entry: AuthorizedEntry, { audience, admit }: JwtSvidRequest, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const distinct = [...new Set(audience)].sort();
    const wanted = { entry, audience: distinct, audienceKey: JSON.stringify(distinct) };
    const now = this.#options.clock.now();
    const found = this.#shelves.find(entry, wanted.audienceKey);
    const lifeLeftMs = (found?.svid.expiresAt.getTime() ?? 0) - now.getTime();
    const held = lifeLeftMs > patienceMs ? found : undefined;
    if (held !== undefined && now < held.refreshAt) {
      this.#shelves.keep(wanted.audienceKey, held);
      this.#served.cached++;
      return held.svid.token;
    }
    const got = await (held === undefined
      ? this.#first(wanted, admit, signal)
      : this.#next(wanted, held, admit, signal));
    this.#served[got === held ? 'old' : 'fresh']++;
    return got.svid.token;
  }

  /** Forgets what is held for an entry that is gone or is another by now. */
  remove(entryId: string): void {
    this.#shelves.clear(entryId);
    for (const [key, { entry }] of this.#flights) if (entry.id === entryId) this.#flights.delete(key);
  }

  /** Replaces, when next asked for, what a tainted authority has signed; forgets what no authority vouches for any more. */
  review({ jwtBundle, taintedJwtKeyIds }: TrustBundle): void {
    const { clock, log } = this.#options;
    this.#tainted = taintedJwtKeyIds;
    let [tainted, removed] = [0, 0];
    for (const [entryId, audienceKey, held] of [...this.#shelves.all()]) {
      if (held.keyId === undefined) continue;
      if (jwtBundle.find(held.keyId) === undefined) {
        this.#shelves.delete(entryId, audienceKey);
        removed++;
      } else if (taintedJwtKeyIds.has(held.keyId)) {
        held.refreshAt = clock.now();
        tainted++;
      }
    }
    if (tainted + removed > 0)
      log.warn({ tainted, removed }, 'JWT-SVIDs of a withdrawn authority are not used any more');
  }

  /** Ends what is under way. */
  [Symbol.dispose](): void {
    this.#ending.abort(new DOMException('the agent was stopped', 'AbortError'));
  }

  async #first(wanted: Wanted, admit: JwtSvidRequest['admit'], signal: AbortSignal): Promise<HeldJwtSvid> {
    using waiting = joinSignals(signal);
    const asked = this.#ask(wanted, admit, persistenceMs);
    const tooLate = this.#options.clock.sleep(longestWaitMs, { signal: waiting.signal, ref: false }).then(() => {
      throw unavailable(`no answer within ${longestWaitMs / 1000} s`);
    });
    try {
      return await Promise.race([asked, tooLate]);
    } finally {
      waiting.abort();
    }
  }

  async #next(
    wanted: Wanted,
    held: HeldJwtSvid,
    admit: JwtSvidRequest['admit'],
    signal: AbortSignal,
  ): Promise<HeldJwtSvid> {
    const { clock, log } = this.#options;
    using waiting = joinSignals(signal);
    try {
      const asked = this.#ask(wanted, admit, 0);
      const patience = clock.sleep(patienceMs, { signal: waiting.signal, ref: false });
      const fresh = await Promise.race([asked, patience.then(() => undefined)]);
      if (fresh !== undefined) return fresh;
    } catch (error) {
      signal.throwIfAborted();
      log.warn({ entryId: wanted.entry.id, err: error }, 'unable to renew JWT-SVID; the old one is served');
    } finally {
      waiting.abort();
    }
    held.refreshAt = new Date(clock.now().getTime() + retryMs);
    return held;
  }

  // Throws at once, and not later, what `admit` throws.
  #ask(wanted: Wanted, admit: JwtSvidRequest['admit'], persistForMs: number): Promise<HeldJwtSvid> {
    const { entry, audienceKey } = wanted;
    const key = JSON.stringify([entry.id, audienceKey]);
    const known = this.#flights.get(key);
    if (known?.entry === entry) return known.result;
    const place = admit();
    const flight = { entry, result: this.#issue(wanted, persistForMs) };
    // Each that has an ID of its own is for one caller.
    if (!entry.jwtSvidIncludeJti) this.#flights.set(key, flight);
    const land = (held?: HeldJwtSvid): void => {
      place[Symbol.dispose]();
      if (this.#flights.get(key) !== flight) return;
      this.#flights.delete(key);
      if (held !== undefined) this.#shelves.keep(audienceKey, held);
    };
    flight.result.then(land, () => {
      land();
    });
    return flight.result;
  }

  async #issue({ entry, audience }: Wanted, persistForMs: number): Promise<HeldJwtSvid> {
    const { clock, random, server } = this.#options;
    const { signal } = this.#ending;
    const backoff = new Backoff({ initialMs: 250, factor: 2, maxMs: 2000, jitter: 0.2 }, random);
    const giveUpAt = clock.now().getTime() + persistForMs;
    for (;;) {
      try {
        return this.#accept(await server.newJwtSvid(entry.id, audience, signal), entry, audience);
      } catch (error) {
        const waitMs = backoff.next();
        const inTime = clock.now().getTime() + waitMs < giveUpAt;
        const hopeful = isSpiffeError(error, 'ERR_SERVER_UNREACHABLE') && inTime && !signal.aborted;
        if (!hopeful) throw unavailable(reasonOf(error), error);
        await clock.sleep(waitMs, { signal, ref: false });
      }
    }
  }

  #accept(token: string, entry: AuthorizedEntry, audience: readonly string[]): HeldJwtSvid {
    const { clock, random } = this.#options;
    const now = clock.now();
    const { svid, keyId } = parseIssuedJwtSvid(token, { spiffeId: entry.spiffeId, audience, now });
    const tainted = keyId !== undefined && this.#tainted.has(keyId);
    const refreshAt = tainted ? now : rotationTime({ from: now, expiresAt: svid.expiresAt }, random);
    return { entry, svid, keyId, refreshAt };
  }
}

function unavailable(reason: string, cause?: unknown): SpiffeError {
  return agentError('ERR_JWT_SVID', `could not fetch JWT-SVID: ${reason}`, { cause });
}

// For the workload: what the server said about its request, and nothing of how the server is reached.
function reasonOf(error: unknown): string {
  if (isSpiffeError(error, 'ERR_SERVER_RESPONSE')) return error.message;
  if (isSpiffeError(error, 'ERR_SERVER_UNREACHABLE')) return 'the server did not answer';
  if (isSpiffeError(error, 'ERR_SERVER_REFUSED')) return 'the server does not serve the agent';
  return 'the server issued one that cannot be used';
}
