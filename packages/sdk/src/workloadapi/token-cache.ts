// JWT-SVIDs of one's own, kept to half their life. Past that a new one is asked for, and the old one stands in while it
// is valid, should the agent be slow or away. Calls for the same token at the same time are one call.
import { joinSignals, type Clock } from '../runtime/index.js';
import type { JwtSvid } from '../svid/index.js';
import type { JwtSvidRequest } from './jwt-responses.js';

export interface TokenCacheOptions {
  readonly clock: Clock;
  /** The most tokens held; the one that was not used for longest goes first. 0: none is held. */
  readonly maxEntries: number;
  /** Gets a new token. */
  readonly fetch: (request: JwtSvidRequest) => Promise<JwtSvid>;
  /** Whether a token that is held stays usable after this failure to replace it. */
  readonly mayStandIn: (error: unknown) => boolean;
  /** Told of a failure for which a held token stood in. */
  readonly report: (error: unknown) => void;
}

interface Entry {
  readonly svid: JwtSvid;
  readonly refreshAt: Date;
}

// How long a caller waits for a new token while the old one may stand in, and how long that one must still live.
const patienceMs = 1_000;
const standInMs = 5_000;

export class TokenCache {
  readonly #options: TokenCacheOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #flights = new Map<string, Promise<JwtSvid>>();

  constructor(options: TokenCacheOptions) {
    this.#options = options;
  }

  /** A token that is valid now; with `fresh`, one that was not held before. Throws what `fetch` throws. */
  async get(request: JwtSvidRequest, { fresh = false }: { readonly fresh?: boolean } = {}): Promise<JwtSvid> {
    const key = keyOf(request);
    const held = fresh ? undefined : this.#entries.get(key);
    const now = this.#options.clock.now().getTime();
    if (held === undefined) return await this.#fetched(key, request);
    if (now < held.refreshAt.getTime()) {
      this.#keep(key, held);
      return held.svid;
    }
    const mayWait = held.svid.expiresAt.getTime() - now > standInMs;
    return mayWait ? await this.#replaced(key, request, held.svid) : await this.#fetched(key, request);
  }

  /** Forgets every token, also those that are being fetched. */
  clear(): void {
    this.#entries.clear();
    this.#flights.clear();
  }

  #fetched(key: string, request: JwtSvidRequest): Promise<JwtSvid> {
    const known = this.#flights.get(key);
    if (known !== undefined) return known;
    const flight = this.#options.fetch(request);
    this.#flights.set(key, flight);
    const land = (settle: () => void): void => {
      if (this.#flights.get(key) !== flight) return;
      this.#flights.delete(key);
      settle();
    };
    flight.then(
      (svid) => {
        land(() => {
          this.#keep(key, { svid, refreshAt: this.#halfLife(svid) });
        });
      },
      (error: unknown) => {
        land(() => {
          if (!this.#options.mayStandIn(error)) this.#entries.delete(key);
        });
      },
    );
    return flight;
  }

  async #replaced(key: string, request: JwtSvidRequest, held: JwtSvid): Promise<JwtSvid> {
    const { clock, mayStandIn, report } = this.#options;
    using over = joinSignals();
    const replacement = this.#fetched(key, request).catch((error: unknown) => {
      if (!mayStandIn(error)) throw error;
      report(error);
      return held;
    });
    const patience = clock.sleep(patienceMs, { signal: over.signal, ref: false }).then(() => held);
    try {
      return await Promise.race([replacement, patience]);
    } finally {
      over.abort();
    }
  }

  // The newest at the end, so that the first is the one to go.
  #keep(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#options.maxEntries && oldest !== undefined) this.#entries.delete(oldest);
  }

  #halfLife({ issuedAt = this.#options.clock.now(), expiresAt }: JwtSvid): Date {
    return new Date((issuedAt.getTime() + expiresAt.getTime()) / 2);
  }
}

function keyOf({ subject, audience }: JwtSvidRequest): string {
  return JSON.stringify([subject?.toString() ?? '', ...[...new Set(audience)].sort()]);
}
