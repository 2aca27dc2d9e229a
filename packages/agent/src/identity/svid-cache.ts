// The X.509-SVIDs held for entries. An old one stays until its replacement is there, unless it must not be served.
import { Backoff, type Clock, type Random } from '@credence/sdk/runtime';
import { isSameRevision, type AuthorizedEntry } from '../domain/authorized-entry.js';
import type { HeldSvid } from '../domain/remembered-identities.js';
import type { WorkloadIdentity, WorkloadX509Svid } from '../domain/workload-identity.js';
import type { RotationPolicy } from './rotation-policy.js';

// As SPIRE: what a tainted authority has issued is replaced bit by bit, since every agent does so at once.
const taintedBatch = 100;
const taintedBatchMs = 5000;

// Until an entry is tried again that the server has refused.
const longestRefusalMs = 60_000;

export interface SvidCacheOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly rotation: Pick<RotationPolicy, 'rotationTime'>;
}

interface Held {
  /** The entry at the time of issuing. */
  readonly issuedFor: AuthorizedEntry;
  readonly svid: WorkloadX509Svid;
  rotateAt: Date;
  /** As last shown, so that an unchanged identity is the same object. */
  shown: { readonly entry: AuthorizedEntry; readonly identity: WorkloadIdentity } | undefined;
}

/** An entry, in one revision, for which the server has issued nothing of late. */
interface Refusal {
  readonly entry: AuthorizedEntry;
  readonly backoff: Backoff;
  readonly retryAt: Date;
}

/** One SVID an entry, with its key, in memory only. */
export class SvidCache {
  readonly #options: SvidCacheOptions;
  readonly #held = new Map<string, Held>();
  readonly #refusals = new Map<string, Refusal>();
  /** By entry ID, in the order of use: the larger, the later. */
  readonly #uses = new Map<string, number>();
  #useCount = 0;

  constructor(options: SvidCacheOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#held.size;
  }

  /**
   * What a workload is given for the entry, or undefined while there is no SVID that may be served: none yet, one that
   * has expired, or one that names a SPIFFE ID that the entry no longer has.
   */
  identity(entry: AuthorizedEntry): WorkloadIdentity | undefined {
    const held = this.#held.get(entry.id);
    if (held?.issuedFor.spiffeId.equals(entry.spiffeId) !== true) return undefined;
    if (held.svid.expiresAt <= this.#options.clock.now()) return undefined;
    if (held.shown?.entry !== entry) held.shown = { entry, identity: identityOf(entry, held.svid) };
    return held.shown.identity;
  }

  store(entry: AuthorizedEntry, svid: WorkloadX509Svid): void {
    const { clock, rotation } = this.#options;
    const from = new Date(Math.max(clock.now().getTime(), svid.notBefore.getTime()));
    this.restore(entry, { svid, rotateAt: rotation.rotationTime({ from, expiresAt: svid.expiresAt }) });
    this.#refusals.delete(entry.id);
  }

  /** Puts in what was taken out by `held`. */
  restore(entry: AuthorizedEntry, { svid, rotateAt }: HeldSvid): void {
    this.#held.set(entry.id, { issuedFor: entry, svid, rotateAt, shown: undefined });
  }

  /** What would be served for the entry, to be kept; one of another revision is to be replaced at once. */
  held(entry: AuthorizedEntry): HeldSvid | undefined {
    const held = this.#held.get(entry.id);
    if (held === undefined || this.identity(entry) === undefined) return undefined;
    const { issuedFor, svid, rotateAt } = held;
    return { svid, rotateAt: isSameRevision(issuedFor, entry) ? rotateAt : this.#options.clock.now() };
  }

  /** Somebody has come for the entry's SVID, whether or not there is one. */
  use(entryId: string): void {
    this.#uses.set(entryId, ++this.#useCount);
  }

  /** Comparable with that of other entries; 0: none. */
  lastUse(entryId: string): number {
    return this.#uses.get(entryId) ?? 0;
  }

  /** Forgets the SVIDs of all other entries. */
  keepOnly(entryIds: ReadonlySet<string>): void {
    for (const id of this.#held.keys()) if (!entryIds.has(id)) this.#held.delete(id);
  }

  /** There was no usable SVID to be had for this revision of the entry: it is due again after a while, longer each time. */
  refuse(entry: AuthorizedEntry): void {
    const { clock, random } = this.#options;
    const before = this.#refusalOf(entry);
    const backoff =
      before?.backoff ?? new Backoff({ initialMs: 1000, factor: 2, maxMs: longestRefusalMs, jitter: 0.2 }, random);
    const retryAt = new Date(clock.now().getTime() + backoff.next());
    this.#refusals.set(entry.id, { entry, backoff, retryAt });
  }

  remove(entryId: string): void {
    this.#held.delete(entryId);
    this.#refusals.delete(entryId);
    this.#uses.delete(entryId);
  }

  /** Whether the entry's SVID is missing, of another revision, or at its time of rotation, and may be asked for now. */
  isDue(entry: AuthorizedEntry): boolean {
    const { clock } = this.#options;
    const refusal = this.#refusalOf(entry);
    const waitMs = refusal === undefined ? 0 : refusal.retryAt.getTime() - clock.now().getTime();
    // An instant further away is of a clock that was set back since.
    if (waitMs > 0 && waitMs <= 2 * longestRefusalMs) return false;
    const held = this.#held.get(entry.id);
    return held === undefined || !isSameRevision(held.issuedFor, entry) || held.rotateAt <= clock.now();
  }

  /** The X.509-SVID of an entry as it is held, whether or not it may be served. */
  svidOf(entryId: string): WorkloadX509Svid | undefined {
    return this.#held.get(entryId)?.svid;
  }

  holds(entryId: string): boolean {
    return this.#held.has(entryId);
  }

  /** Makes due what `isTainted` finds in a chain, some at a time; it is served on until it is replaced. */
  expedite(isTainted: (chain: readonly Buffer[]) => boolean): number {
    const now = this.#options.clock.now().getTime();
    const tainted = [...this.#held.values()].filter(
      ({ rotateAt, svid }) => rotateAt.getTime() > now && isTainted(svid.chain),
    );
    for (const [index, held] of tainted.entries()) {
      const at = now + Math.floor(index / taintedBatch) * taintedBatchMs;
      if (held.rotateAt.getTime() > at) held.rotateAt = new Date(at);
    }
    return tainted.length;
  }

  /** The instant at which the next SVID of a wanted entry is to be rotated, or undefined when none is held. */
  nextRotation(isWanted: (entryId: string) => boolean): Date | undefined {
    let next: Date | undefined;
    for (const [id, { rotateAt }] of this.#held) {
      const retryAt = this.#refusals.get(id)?.retryAt;
      const at = retryAt === undefined || retryAt < rotateAt ? rotateAt : retryAt;
      if ((next === undefined || at < next) && isWanted(id)) next = at;
    }
    return next;
  }

  #refusalOf(entry: AuthorizedEntry): Refusal | undefined {
    const refusal = this.#refusals.get(entry.id);
    return refusal !== undefined && isSameRevision(refusal.entry, entry) ? refusal : undefined;
  }
}

function identityOf(entry: AuthorizedEntry, svid: WorkloadX509Svid): WorkloadIdentity {
  const { id, spiffeId, hint, createdAt, federatesWith } = entry;
  return { entryId: id, spiffeId, hint, createdAt, federatesWith, svid };
}
