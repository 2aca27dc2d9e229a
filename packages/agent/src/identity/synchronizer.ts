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
import { both, everything, scopeOf, type Scope } from './scope.js';
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
  readonly server: Pick<ServerPort, 'syncEntries' | 'getEntries' | 'fetchBundle' | 'fetchFederatedBundles'>;
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
  /** The last round that looked at everything. */
  #lastWhole: Date | undefined;
  /** What the server has rung for since the last round: at most one round is to come of it. */
  #rung: Scope | undefined;
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
      const rung = this.#untilWholeMs() > 0 ? this.#rung : undefined;
      this.#rung = undefined;
      await this.synchronize(signal, rung);
    }
  }

  /** Does not wait for the next round; two rounds are half a second apart all the same. */
  hurry(): void {
    this.#pause.cut();
  }

  /** The server says that there is something new: the next round is due. */
  rung(ring: Ring): void {
    const scope = scopeOf(ring);
    this.#rung = this.#rung === undefined ? scope : both(this.#rung, scope);
    this.#pause.cut();
    this.#retryPause.cut(); // the server is there
  }

  /**
   * Synchronises once, however long it takes to reach the server; after a failure with everything.
   *
   * @throws as run
   */
  async synchronize(signal: AbortSignal, scope: Scope = everything): Promise<void> {
    const { clock } = this.#options;
    this.#retryPause = new Pause(clock);
    for (;;) {
      const begun = clock.now();
      try {
        await this.#attempt(scope, signal);
        this.#backoff.reset();
        this.#lastRound = this.record.succeeded();
        if (scope === everything) this.#lastWhole = this.#lastRound;
        this.#lastRoundTookMs = this.#lastRound.getTime() - begun.getTime();
        await this.#options.onOutcome(undefined, signal);
        return;
      } catch (error) {
        signal.throwIfAborted();
        scope = everything;
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

  async #attempt(scope: Scope, signal: AbortSignal): Promise<void> {
    const { entries, svids, jwtSvids, minter, subscriptions, demand } = this.#options;
    const received = await this.#fetchEntries(scope, signal);
    const wanted = federatedWith(received);
    const { own, federated } = await this.#fetchBundles(wanted, scope, signal);
    const changes = entries.replace(received);
    for (const { id } of changes.removed) svids.remove(id);
    for (const { id } of [...changes.removed, ...changes.updated.flat()]) jwtSvids.remove(id);
    const bundles = this.#options.bundles.replace({ own, federated });
    // Before anything that can fail: another attempt would find no change, and nobody would ever be told.
    subscriptions.notify({ entries: concerned(changes), bundles });
    const touched = concerned(changes).length + bundles.federated.size;
    if (touched > 0 || bundles.own) this.#options.onChanged();
    this.#report(changes);
    this.#reportMissing(wanted, federated);
    if (bundles.own) this.#adoptBundle(own);
    await this.#storeBundle();
    // Whoever waits for what was rung for does not wait for the rest.
    await minter.mint(demand.awaited(scope.entryIds ?? []), signal);
    await minter.mint(demand.due(), signal);
  }

  async #fetchEntries({ entryIds }: Scope, signal: AbortSignal): Promise<readonly AuthorizedEntry[]> {
    const { server, entries } = this.#options;
    const known = entries.entries;
    if (entryIds === undefined) return server.syncEntries(known, signal);
    const asked = new Set(entryIds);
    const received = asked.size === 0 ? [] : await server.getEntries(entryIds, signal);
    return [...[...known.values()].filter(({ id }) => !asked.has(id)), ...received];
  }

  async #fetchBundles(wanted: readonly TrustDomain[], scope: Scope, signal: AbortSignal): Promise<Bundles> {
    const { server, bundles } = this.#options;
    const held = new Map(wanted.map((trustDomain) => [trustDomain.name, bundles.federated(trustDomain)]));
    const federated = new Map([...held].filter((pair): pair is [string, TrustBundle] => pair[1] !== undefined));
    if (!scope.bundles && federated.size === held.size) return { own: bundles.own, federated };
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

  #report({ created, updated, removed }: EntryChanges): void {
    const { log } = this.#options;
    for (const { id, spiffeId } of created) log.debug({ entryId: id, spiffeId: spiffeId.toString() }, 'entry created');
    for (const [, { id, spiffeId }] of updated) {
      log.debug({ entryId: id, spiffeId: spiffeId.toString() }, 'entry updated');
    }
    for (const { id, spiffeId } of removed) log.debug({ entryId: id, spiffeId: spiffeId.toString() }, 'entry removed');
  }

  #reportMissing(wanted: readonly TrustDomain[], federated: ReadonlyMap<string, TrustBundle>): void {
    const missing = wanted.filter(({ name }) => !federated.has(name));
    for (const { name } of missing) {
      if (!this.#missing.has(name)) this.#options.log.warn({ trustDomain: name }, 'federated bundle missing');
    }
    this.#missing = new Set(missing.map(({ name }) => name));
  }

  // The next round, or the next rotation if that is sooner: a short-lived SVID must not wait for the round.
  #untilNextMs(): number {
    const { clock, entries, svids, demand } = this.#options;
    const wholeMs = this.#untilWholeMs();
    const rotation = svids.nextRotation((id) => {
      const entry = entries.entries.get(id);
      return entry !== undefined && demand.isWanted(entry);
    });
    if (rotation === undefined) return wholeMs;
    const rotationMs = rotation.getTime() - clock.now().getTime();
    return Math.min(wholeMs, Math.max(rotationMs, shortestWaitMs));
  }

  // Rounds for what was rung for do not put off the next one that looks at everything.
  #untilWholeMs(): number {
    const { clock, random, intervalMs, svids } = this.#options;
    const firstMs = svids.size === 0 ? Math.min(intervalMs, longestFirstWaitMs) : intervalMs;
    const roundMs = aroundMs(this.watched ? Math.max(intervalMs, watchedRoundMs) : firstMs, random);
    const sinceMs = clock.now().getTime() - (this.#lastWhole ?? clock.now()).getTime();
    // Set back meanwhile, the clock says nothing of how long ago that was.
    return sinceMs < 0 ? roundMs : Math.max(0, roundMs - sinceMs);
  }
}

function concerned({ created, updated, removed }: EntryChanges): readonly AuthorizedEntry[] {
  return [...created, ...updated.flat(), ...removed];
}

function federatedWith(entries: readonly AuthorizedEntry[]): readonly TrustDomain[] {
  const all = new Map<string, TrustDomain>();
  for (const { federatesWith: domains } of entries) for (const domain of domains) all.set(domain.name, domain);
  return [...all.values()];
}
