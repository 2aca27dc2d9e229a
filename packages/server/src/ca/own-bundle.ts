// The bundle of the own trust domain in memory: what handshakes verify peers against, in step with the datastore, where
// administrators and other servers write too.
import { EventEmitter } from 'node:events';
import type { TrustDomain, X509BundleSource } from '@credence/sdk';
import { X509Bundle } from '@credence/sdk/bundle';
import { sdkError } from '@credence/sdk/runtime';
import { Certificate } from '@credence/sdk/x509';
import type { Authorities, BundleStore } from '../datastore/bundle-store.js';
import type { TrustBundle } from '../domain/trust-bundle.js';
import { prunedAuthorities } from './bundle-pruning.js';
import { Turns } from './turns.js';
import { followedBundle } from './upstream/followed-bundle.js';
import type { UpstreamBundle } from './upstream/upstream-authority.js';

/** Emits `update` when the authorities have changed. Tainted ones are among them until they are revoked. */
export class OwnBundle extends EventEmitter<{ update: [] }> implements X509BundleSource {
  readonly #store: BundleStore;
  readonly #trustDomain: TrustDomain;
  readonly #turns = new Turns();
  #stored: TrustBundle | undefined;
  #x509: X509Bundle | undefined;

  constructor(store: BundleStore, trustDomain: TrustDomain) {
    super();
    this.#store = store;
    this.#trustDomain = trustDomain;
  }

  /** As it was last read; undefined before the first authority is published. */
  get stored(): TrustBundle | undefined {
    return this.#stored;
  }

  getX509BundleForTrustDomain(trustDomain: TrustDomain): X509Bundle {
    if (this.#x509 !== undefined && trustDomain.equals(this.#trustDomain)) return this.#x509;
    throw sdkError('ERR_SPIFFE_NO_BUNDLE', `no X.509 bundle is held for the trust domain ${trustDomain.name}`);
  }

  /** Whether an authority is tainted, or no longer in the bundle: nothing should stand on it. */
  isTainted(authorityKeyId: Buffer): boolean {
    const found = this.#stored?.x509Authorities.find(
      ({ certificate }) => Certificate.parse(certificate).subjectKeyId?.equals(authorityKeyId) === true,
    );
    return found === undefined || found.tainted;
  }

  /** Reads what the datastore holds now. */
  refresh(): Promise<void> {
    return this.#turns.take(async () => {
      this.#take(await this.#store.get(this.#trustDomain));
    });
  }

  /** Publishes authorities; what is there already stays as it is. */
  append(authorities: Partial<Authorities>): Promise<void> {
    return this.#turns.take(async () => {
      this.#take(await this.#store.append(this.#trustDomain, authorities));
    });
  }

  /** Changes the authorities in one transaction. @throws `ERR_BUNDLE_NOT_FOUND`, and what `change` throws */
  change(change: (bundle: TrustBundle) => Partial<Authorities>): Promise<void> {
    return this.#turns.take(async () => {
      this.#take(await this.#store.replace(this.#trustDomain, (bundle) => ({ ...bundle, ...change(bundle) })));
    });
  }

  /** Takes over what has changed in the bundle above; of what is new in it, as much as there is room for. */
  follow(above: UpstreamBundle): Promise<void> {
    return this.#turns.take(async () => {
      if (this.#stored === undefined) {
        this.#take(await this.#store.append(this.#trustDomain, above));
        return;
      }
      if (followedBundle(this.#stored, above) === undefined) return;
      const followed = (bundle: TrustBundle): Authorities => followedBundle(bundle, above) ?? bundle;
      this.#take(await this.#store.replace(this.#trustDomain, followed));
    });
  }

  /** Takes out what expired a day ago; answers how many authorities that were. */
  prune(now: Date): Promise<number> {
    return this.#turns.take(async () => {
      const before = await this.#store.get(this.#trustDomain);
      if (before === undefined || prunedAuthorities(before, now) === undefined) return 0;
      // Judged again inside the transaction: another server may have changed the bundle since.
      const after = await this.#store.replace(this.#trustDomain, (bundle) => prunedAuthorities(bundle, now) ?? bundle);
      this.#take(after);
      return size(before) - size(after);
    });
  }

  #take(bundle: TrustBundle | undefined): void {
    const isSame = bundle?.sequenceNumber === this.#stored?.sequenceNumber;
    this.#stored = bundle;
    if (isSame) return;
    this.#x509 = bundle && x509BundleOf(bundle);
    this.emit('update');
  }
}

function x509BundleOf({ trustDomain, x509Authorities }: TrustBundle): X509Bundle {
  const certificates = x509Authorities.map(({ certificate }) => Certificate.parse(certificate));
  return X509Bundle.fromCertificates(trustDomain, certificates);
}

function size({ x509Authorities, jwtAuthorities }: Authorities): number {
  return x509Authorities.length + jwtAuthorities.length;
}
