// The federation relationships, those of the configuration and those of the datastore, each with a poller of its own.
import type { TrustDomain } from '@credence/sdk';
import { every, type Clock, type Logger, type Random } from '@credence/sdk/runtime';
import type { BundleStore } from '../datastore/bundle-store.js';
import type { RelationshipStore } from '../datastore/relationship-store.js';
import { serverError } from '../domain/errors.js';
import type { FederationRelationship } from '../domain/federation-relationship.js';
import { RelationshipPoller } from './relationship-poller.js';

export interface FederationOptions {
  /** Of a trust domain that is in the datastore too, this one counts. */
  readonly configured: readonly FederationRelationship[];
  readonly relationships: Pick<RelationshipStore, 'list'>;
  readonly bundles: Pick<BundleStore, 'get' | 'set'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

interface Running {
  /** Equal for equal relationships. */
  readonly key: string;
  readonly poller: RelationshipPoller;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

// Other servers of the trust domain write relationships too.
const reloadIntervalMs = 10_000;

export class Federation implements AsyncDisposable {
  readonly #options: FederationOptions;
  readonly #running = new Map<string, Running>();
  readonly #stop = new AbortController();
  #rounds: Promise<void> = Promise.resolve();
  #tail: Promise<void> = Promise.resolve();

  constructor(options: FederationOptions) {
    this.#options = options;
  }

  /** Begins to poll, until the signal or disposal. @throws `ERR_DATASTORE` */
  async start(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    signal.addEventListener('abort', () => void this[Symbol.asyncDispose](), { once: true });
    await this.reload();
    const routine = { name: 'federation relationships', intervalMs: reloadIntervalMs, clock, log };
    this.#rounds = every({ ...routine, signal: this.#stop.signal }, () => this.reload());
  }

  /** Takes up relationships that are new, different or gone. @throws `ERR_DATASTORE` */
  reload(): Promise<void> {
    const reloaded = this.#tail.then(() => this.#reconcile());
    this.#tail = reloaded.catch(() => undefined);
    return reloaded;
  }

  /** Fetches a bundle now. @throws `ERR_RELATIONSHIP_NOT_FOUND`, `ERR_FEDERATION_FETCH`, `ERR_DATASTORE` */
  async refresh(trustDomain: TrustDomain): Promise<void> {
    const running = this.#running.get(trustDomain.name);
    if (running === undefined) {
      throw serverError('ERR_RELATIONSHIP_NOT_FOUND', `no relationship with trust domain "${trustDomain.name}"`);
    }
    await running.poller.refresh();
  }

  /** Fetches again what may have failed for want of this trust domain's bundle, which somebody has set. */
  wake(trustDomain: TrustDomain): void {
    for (const { poller } of this.#running.values()) if (poller.dependsOn(trustDomain)) poller.wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#rounds;
    await this.#tail;
    const ended = [...this.#running.values()];
    for (const { stop } of ended) stop.abort();
    await Promise.all(ended.map(({ done }) => done));
  }

  async #reconcile(): Promise<void> {
    const { relationships, configured } = this.#options;
    const { items } = await relationships.list({ size: 0, token: '' });
    if (this.#stop.signal.aborted) return;
    const wanted = new Map(
      [...items, ...configured].map((relationship) => [relationship.trustDomain.name, relationship]),
    );
    for (const [name, running] of this.#running) {
      const relationship = wanted.get(name);
      if (relationship !== undefined && keyOf(relationship) === running.key) continue;
      running.stop.abort();
      this.#running.delete(name);
    }
    for (const [name, relationship] of wanted) {
      if (!this.#running.has(name)) this.#running.set(name, this.#run(relationship));
    }
  }

  #run(relationship: FederationRelationship): Running {
    const { bundles, clock, random, log } = this.#options;
    const stop = new AbortController();
    const poller = new RelationshipPoller({ relationship, bundles, clock, random, log, signal: stop.signal });
    return { key: keyOf(relationship), poller, stop, done: poller.run() };
  }
}

function keyOf({ endpointUrl, profile }: FederationRelationship): string {
  const endpointId = profile.kind === 'https_spiffe' ? profile.endpointId.toString() : '';
  return JSON.stringify([endpointUrl, profile.kind, endpointId]);
}
