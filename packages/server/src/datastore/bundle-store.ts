import type { TrustDomain } from '@credence/sdk';
import type { JwtAuthority, TrustBundle, X509Authority } from '../domain/trust-bundle.js';

export interface Authorities {
  readonly x509Authorities: readonly X509Authority[];
  readonly jwtAuthorities: readonly JwtAuthority[];
}

/** Bundles, the own one and those of federated trust domains. Every change adds one to the sequence number. */
export interface BundleStore {
  get(trustDomain: TrustDomain): Promise<TrustBundle | undefined>;
  list(): Promise<readonly TrustBundle[]>;
  /** Adds what is not there yet (by certificate, by key ID), creating the bundle with sequence number 0. */
  append(trustDomain: TrustDomain, authorities: Partial<Authorities>): Promise<TrustBundle>;
  /** Reads, changes and writes the authorities in one transaction. @throws `ERR_BUNDLE_NOT_FOUND` */
  replace(trustDomain: TrustDomain, change: (bundle: TrustBundle) => Authorities): Promise<TrustBundle>;
  /** Sets how often others are to ask, which is a change like others. @throws `ERR_BUNDLE_NOT_FOUND` */
  setRefreshHint(trustDomain: TrustDomain, seconds: number): Promise<void>;
  /** Creates or replaces the whole bundle, sequence number included. */
  set(bundle: TrustBundle): Promise<void>;
}
