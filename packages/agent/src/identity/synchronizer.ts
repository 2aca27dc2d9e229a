// Keeps the caches in step with the server, and is the only one that writes to them. While the server is away the
// caches serve on, and it is asked again for ever.
import { Backoff, isSpiffeError, type Clock, type Logger, type Random } from '@credence/sdk/runtime';
import type { TrustDomain } from '@credence/sdk';
import type { AuthorizedEntry } from '../domain/authorized-entry.js';
import type { TrustBundle } from '../domain/workload-identity.js';
import type { BundleCache, Bundles } from './bundle-cache.js';
import type { EntryCache, EntryChanges } from './entry-cache.js';
import type { JwtSvidCache } from './jwt-svid-cache.js';
import type { Minter } from './minter.js';
import { Pause } from './pause.js';
import type { Ring, ServerPort } from './ports.js';
import { aroundMs } from './rotation-policy.js';
import type { Subscriptions } from './subscriptions.js';
import type { SvidCache } from './svid-cache.js';
import type { SvidDemand } from './svid-demand.js';
import { SyncRecord, type SyncStatus } from './sync-status.js';
import { taintedBy } from '../domain/tainted.js';

const shortestWaitMs = 500;
const longestFirstWaitMs = 5000;
// With a server that rings, rounds only make up for what no ring tells of.
const watchedRoundMs = 60_000;
// SPIRE waits up to 4 minutes; an SVID of some minutes would expire after the server is back.
const longestBackoffMs = 60_000;

export interface SynchronizerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly intervalMs: number;
  readonly server: Pick<ServerPort, 'syncEntries' | 'fetchBundle' | 'fetchFederatedBundles'>;
  readonly entries: EntryCache;
  readonly bundles: BundleCache;
  readonly svids: SvidCache;
  readonly jwtSvids: Pick<JwtSvidCache, 'remove' | 'review'>;
  readonly demand: SvidDemand;
  readonly minter: Minter;
  readonly subscriptions: Subscriptions;
  /** The trust domain's own bundle is another one. */
  readonly onBundle: (bundle: TrustBundle) => void;
  /** Entries or bundles are others now. */
  readonly onChanged: () => void;
  /** Keeps the trust domain's own bundle for the next start. */
  readonly storeBundle: (bundle: TrustBundle) => Promise<void>;
  /** Does something about a refusal, so that asking again may help. @throws when nothing can help. */
  readonly onRefused: (refusal: Error, signal: AbortSignal) => Promise<void>;
  /** A round has failed or, with undefined, succeeded. @returns whether something was done, so that asking again may help. */
  readonly onOutcome: (failure: unknown, signal: AbortSignal) => Promise<boolean>;
}

export class Synchronizer {
  readonly #options: SynchronizerOptions;
  readonly #pause: Pause;
  #retryPause: Pause;
  readonly #backoff: Backoff;
  #missing: ReadonlySet<string> = new Set();
  #isStored = true;
  #lastRound: Date | undefined;
  #lastRoundTookMs = 0;
  /** What the server has said since the last round: at most one round is to come of it. */
  #rung: Ring | undefined;
  /** Whether the server tells of changes as they happen. */
  watched = false;
  readonly record: SyncRecord;

  constructor(options: SynchronizerOptions) {
    const { clock, random, intervalMs } = options;
    this.#options = options;
    this.#pause = new Pause(clock);
    this.#retryPause = new Pause(clock);
    this.record = new SyncRecord(options);
    const maxMs = Math.max(intervalMs, longestBackoffMs);
    this.#backoff = new Backoff({ initialMs: intervalMs, factor: 1.5, maxMs, jitter: 0.2 }, random);
  }

  get status(): SyncStatus {
    return this.record.status;
  }

  /** Synchronises again and again. @throws ERR_SERVER_REFUSED when that is final, `signal.reason` */
  async run(signal: AbortSignal): Promise<never> {
    for (;;) {
      await this.#pause.wait(this.#untilNextMs(), signal);
      await this.#keepApart(signal);
      const rung = this.#rung;
      this.#rung = undefined;
      await this.synchronize(signal, rung?.entries === true && !rung.bundles);
    }
  }

  /** Does not wait for the next round; two rounds are half a second apart all the same. */
  hurry(): void {
    this.#pause.cut();
  }

  /** The server says that there is something new: the next round is due. */
  rung({ entries, bundles }: Ring): void {
    const before = this.#rung;
    // A watch that has just begun knows nothing of the time before it.
    const all = !entries && !bundles;
    this.#rung = {
      entries: entries || all || before?.entries === true,
      bundles: bundles || all || before?.bundles === true,
    };
    this.#pause.cut();
    this.#retryPause.cut(); // the server is there
  }

  /**
   * Synchronises once, however long it takes to reach the server.
   *
   * @param entriesOnly the bundles are known to be what they were
   * @throws as run
   */
  async synchronize(signal: AbortSignal, entriesOnly = false): Promise<void> {
    const { clock } = this.#options;
    this.#retryPause = new Pause(clock);
    for (;;) {
      const begun = clock.now();
      try {
        await this.#attempt(signal, entriesOnly);
        this.#backoff.reset();
        this.#lastRound = this.record.succeeded();
        this.#lastRoundTookMs = this.#lastRound.getTime() - begun.getTime();
        await this.#options.onOutcome(undefined, signal);
        return;
      } catch (error) {
        signal.throwIfAborted();
        if (isSpiffeError(error, 'ERR_SERVER_REFUSED')) await this.#options.onRefused(error, signal);
        const retryInMs = Math.round(this.#backoff.next());
        this.record.failed(error, { retryInMs, expired: this.#expired() });
        if (await this.#options.onOutcome(error, signal)) continue;
        await this.#retryPause.wait(retryInMs, signal);
      }
    }
  }

  #expired(): number {
    const now = this.#options.clock.now();
    return this.#options.demand.kept().filter(({ expiresAt }) => expiresAt <= now).length;
  }

  async #attempt(signal: AbortSignal, entriesOnly: boolean): Promise<void> {
    const { server, entries, svids, jwtSvids, minter, subscriptions, demand } = this.#options;
    const received = await server.syncEntries(entries.entries, signal);
    const { own, federated } = await this.#fetchBundles(this.#federatedWith(received), entriesOnly, signal);
    const changes = entries.replace(received);
    for (const { id } of changes.removed) svids.remove(id);
    for (const { id } of [...changes.removed, ...changes.updated.flat()]) jwtSvids.remove(id);
    const bundles = this.#options.bundles.replace({ own, federated });
    // Before anything that can fail: another attempt would find no change, and nobody would ever be told.
    subscriptions.notify({ entries: concerned(changes), bundles });
    const touched = concerned(changes).length + bundles.federated.size;
    if (touched > 0 || bundles.own) this.#options.onChanged();
    this.#report(changes, received, federated);
    if (bundles.own) this.#adoptBundle(own);
    await this.#storeBundle();
    await minter.mint(demand.due(), signal);
  }

  async #fetchBundles(wanted: readonly TrustDomain[], entriesOnly: boolean, signal: AbortSignal): Promise<Bundles> {
    const { server, bundles } = this.#options;
    const held = new Map(wanted.map((trustDomain) => [trustDomain.name, bundles.federated(trustDomain)]));
    const federated = new Map([...held].filter((pair): pair is [string, TrustBundle] => pair[1] !== undefined));
    if (entriesOnly && federated.size === held.size) return { own: bundles.own, federated };
    const own = await server.fetchBundle(signal);
    return { own, federated: await server.fetchFederatedBundles(wanted, signal) };
  }

  #adoptBundle(own: TrustBundle): void {
    const { svids, jwtSvids, log, onBundle } = this.#options;
    this.#isStored = false;
    onBundle(own);
    jwtSvids.review(own);
    const isTainted = taintedBy(own);
    const count = svids.expedite(isTainted);
    if (count > 0) log.warn({ count }, 'X509-SVIDs of a tainted authority are being replaced');
  }

  // The bundle is in use already, and only the next start needs it on disk: the next round tries again.
  async #storeBundle(): Promise<void> {
    const { bundles, log, storeBundle } = this.#options;
    if (this.#isStored) return;
    try {
      await storeBundle(bundles.own);
      this.#isStored = true;
    } catch (error) {
      log.error({ err: error }, 'the bundle could not be stored');
    }
  }

  async #keepApart(signal: AbortSignal): Promise<void> {
    // A ring that comes meanwhile makes it shorter.
    for (let waitMs = this.#apartMs(); waitMs > 0; waitMs = this.#apartMs()) await this.#pause.wait(waitMs, signal);
    this.#pause.forget(); // this round is for whoever was in a hurry until now
  }

  #apartMs(): number {
    const { clock, intervalMs } = this.#options;
    // Under a constant stream of rings, rounds take half of the time.
    const wantedMs = this.#rung === undefined ? shortestWaitMs : this.#lastRoundTookMs;
    const apartMs = Math.min(wantedMs, shortestWaitMs, intervalMs);
    const sinceMs = clock.now().getTime() - (this.#lastRound?.getTime() ?? 0);
    // Set back meanwhile, the clock says nothing of how long ago that was: nobody waits for it to come round again.
    return sinceMs < 0 ? 0 : apartMs - sinceMs;
  }

  #federatedWith(entries: readonly AuthorizedEntry[]): readonly TrustDomain[] {
    const all = entries.flatMap(({ federatesWith }) => federatesWith.map((domain) => [domain.name, domain] as const));
    return [...new Map(all).values()];
  }

  #report(
    { created, updated, removed }: EntryChanges,
    entries: readonly AuthorizedEntry[],
    federated: ReadonlyMap<string, TrustBundle>,
  ): void {
    const { log } = this.#options;
    for (const { id, spiffeId } of created) log.debug({ entryId: id, spiffeId: spiffeId.toString() }, 'entry created');
    for (const [, { id, spiffeId }] of updated) {
      log.debug({ entryId: id, spiffeId: spiffeId.toString() }, 'entry updated');
    }
    for (const { id, spiffeId } of removed) log.debug({ entryId: id, spiffeId: spiffeId.toString() }, 'entry removed');
    const missing = this.#federatedWith(entries).filter(({ name }) => !federated.has(name));
    for (const { name } of missing) {
      if (!this.#missing.has(name)) log.warn({ trustDomain: name }, 'federated bundle missing');
    }
    this.#missing = new Set(missing.map(({ name }) => name));
  }

  // The next round, or the next rotation if that is sooner: a short-lived SVID must not wait for the round.
  #untilNextMs(): number {
    const { clock, random, intervalMs, entries, svids, demand } = this.#options;
    const firstMs = svids.size === 0 ? Math.min(intervalMs, longestFirstWaitMs) : intervalMs;
    const roundMs = aroundMs(this.watched ? Math.max(intervalMs, watchedRoundMs) : firstMs, random);
    const rotation = svids.nextRotation((id) => {
      const entry = entries.entries.get(id);
      return entry !== undefined && demand.isWanted(entry);
    });
    if (rotation === undefined) return roundMs;
    const rotationMs = rotation.getTime() - clock.now().getTime();
    return Math.min(roundMs, Math.max(rotationMs, shortestWaitMs));
  }
}

function concerned({ created, updated, removed }: EntryChanges): readonly AuthorizedEntry[] {
  return [...created, ...updated.flat(), ...removed];
}
