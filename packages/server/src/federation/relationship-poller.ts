// Keeps the bundle of one federated trust domain current. Whatever its endpoint does, nothing else waits for it; a fetch
// that fails changes nothing, and a bundle that its publisher has replaced is not taken again.
import { X509BundleSet } from '@credence/sdk/bundle';
import type { TrustDomain } from '@credence/sdk/spiffeid';
import { fetchBundle, type BundleEndpointProfile } from '@credence/sdk/federation';
import { isSpiffeError, type Backoff, type Clock, type Logger, type Random } from '@credence/sdk/runtime';
import type { BundleStore } from '../datastore/bundle-store.js';
import { serverError } from '../domain/errors.js';
import type { EndpointProfile, FederationRelationship } from '../domain/federation-relationship.js';
import type { TrustBundle } from '../domain/trust-bundle.js';
import { firstBundleBackoff, pollIntervalMs } from './poll-interval.js';
import { isSameBundle, spiffeBundleOf, trustBundleOf } from './spiffe-bundles.js';

export interface RelationshipPollerOptions {
  readonly relationship: FederationRelationship;
  readonly bundles: Pick<BundleStore, 'get' | 'set'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Ends everything. */
  readonly signal: AbortSignal;
}

export class RelationshipPoller {
  readonly #options: RelationshipPollerOptions;
  readonly #backoff: Backoff;
  #tail: Promise<unknown> = Promise.resolve();
  /** Aborts when the next fetch is not to wait. */
  #alarm = new AbortController();

  constructor(options: RelationshipPollerOptions) {
    this.#options = options;
    this.#backoff = firstBundleBackoff(options.random);
    options.signal.addEventListener(
      'abort',
      () => {
        this.wake();
      },
      { once: true },
    );
  }

  /** Whether a fetch may end otherwise once the bundle of this trust domain is another. */
  dependsOn(trustDomain: TrustDomain): boolean {
    const { relationship } = this.#options;
    const { profile } = relationship;
    if (relationship.trustDomain.equals(trustDomain)) return true;
    return profile.kind === 'https_spiffe' && profile.endpointId.isMemberOf(trustDomain);
  }

  /** Fetches now, or once more after the fetch that is under way. */
  wake(): void {
    this.#alarm.abort();
  }

  /** Fetches now and whenever the bundle may have changed, until the signal. Never rejects. */
  async run(): Promise<void> {
    const { clock, signal } = this.#options;
    while (!signal.aborted) {
      const alarm = (this.#alarm = new AbortController());
      const waitMs = await this.#poll();
      await clock.sleep(waitMs, { signal: alarm.signal, ref: false }).catch(() => undefined);
    }
  }

  /** Fetches now, after a fetch that is under way. @throws `ERR_FEDERATION_FETCH`, `ERR_DATASTORE` */
  refresh(): Promise<TrustBundle> {
    const fetched = this.#tail.then(() => this.#fetch());
    this.#tail = fetched.catch(() => undefined);
    return fetched;
  }

  /** Answers how long to wait for the next. */
  async #poll(): Promise<number> {
    const { relationship, bundles, random, log, signal } = this.#options;
    const { trustDomain } = relationship;
    try {
      return pollIntervalMs(await this.refresh(), random);
    } catch (error) {
      if (signal.aborted) return 0;
      // What the endpoint did wrong has been logged.
      if (!isSpiffeError(error, 'ERR_FEDERATION_FETCH')) {
        log.error({ err: error, trustDomain: trustDomain.name }, 'federated bundle not refreshed');
      }
      const held = await bundles.get(trustDomain).catch(() => undefined);
      return held === undefined ? this.#backoff.next() : pollIntervalMs(held, random);
    }
  }

  async #fetch(): Promise<TrustBundle> {
    const { relationship, bundles, clock, log, signal } = this.#options;
    const { trustDomain, endpointUrl, profile } = relationship;
    const authentication = await this.#authentication(profile);
    const fetched = await failing(() =>
      fetchBundle(trustDomain, endpointUrl, { ...authentication, clock, logger: unlessItWentWell(log), signal }),
    );
    const bundle = trustBundleOf(fetched);
    const held = await bundles.get(trustDomain);
    this.#checkNotOlder(bundle, held);
    if (held !== undefined && isSameBundle(held, bundle)) {
      log.debug({ trustDomain: trustDomain.name }, 'federated bundle has not changed');
      return held;
    }
    signal.throwIfAborted();
    await bundles.set(bundle);
    const sequenceNumber = bundle.sequenceNumber.toString();
    log.info({ trustDomain: trustDomain.name, sequenceNumber }, 'federated bundle stored');
    return bundle;
  }

  // SPIFFE Federation §5.2.2.4: of a self-serving endpoint, the latest bundle authenticates the next fetch.
  async #authentication(profile: EndpointProfile): Promise<BundleEndpointProfile> {
    if (profile.kind === 'https_web') return { profile: 'https_web' };
    const { endpointId } = profile;
    const bundle = await this.#options.bundles.get(endpointId.trustDomain);
    if (bundle === undefined) {
      const problem = `no bundle of ${endpointId.trustDomain.name} is stored to authenticate the endpoint by`;
      throw this.#refused(`${problem}; give it by "bundle set" or with the relationship`);
    }
    return { profile: 'https_spiffe', endpointId, bundles: X509BundleSet.of(spiffeBundleOf(bundle).x509) };
  }

  // SPIFFE Trust Domain and Bundle §4.1.1. Zero is no number: the publisher or an administrator gave none.
  #checkNotOlder(bundle: TrustBundle, held: TrustBundle | undefined): void {
    if (held === undefined || bundle.sequenceNumber === 0n || bundle.sequenceNumber >= held.sequenceNumber) return;
    const numbers = `${bundle.sequenceNumber.toString()} is older than ${held.sequenceNumber.toString()}`;
    throw this.#refused(`the sequence number ${numbers}; "bundle set" replaces the stored bundle`);
  }

  #refused(problem: string): Error {
    const { log, relationship } = this.#options;
    const { name } = relationship.trustDomain;
    log.warn({ trustDomain: name, problem }, 'federated bundle not taken');
    return serverError('ERR_FEDERATION_FETCH', `bundle of ${name}: ${problem}`);
  }
}

/** A fetch that brings nothing new is no news. */
function unlessItWentWell(log: Logger): Logger {
  return {
    debug: (fields, message) => {
      log.debug(fields, message);
    },
    info: (fields, message) => {
      log.debug(fields, message);
    },
    warn: (fields, message) => {
      log.warn(fields, message);
    },
    error: (fields, message) => {
      log.error(fields, message);
    },
  };
}

async function failing<T>(fetch: () => Promise<T>): Promise<T> {
  try {
    return await fetch();
  } catch (error) {
    if (!isSpiffeError(error)) throw error;
    throw serverError('ERR_FEDERATION_FETCH', error.message, { cause: error });
  }
}
