// A registration entry: which workload (selectors, below a parent) gets which SPIFFE ID.
import type { SpiffeId, TrustDomain } from '@credence/sdk';
import type { Selector, SetMatch } from './selector.js';

export interface RegistrationEntry {
  /** Up to 255 of `[A-Za-z0-9_.-]`. */
  readonly id: string;
  readonly spiffeId: SpiffeId;
  readonly parentId: SpiffeId;
  /** At least one, in the order given. */
  readonly selectors: readonly Selector[];
  /** Zero: the server's default. */
  readonly x509SvidTtlSeconds: number;
  readonly jwtSvidTtlSeconds: number;
  readonly federatesWith: readonly TrustDomain[];
  /** Callers that present the SPIFFE ID are administrators. */
  readonly admin: boolean;
  /** Callers that present the SPIFFE ID may ask for an intermediate authority. */
  readonly downstream: boolean;
  readonly storeSvid: boolean;
  readonly hint: string;
  readonly dnsNames: readonly string[];
  /** When the entry is pruned; undefined is never. */
  readonly expiresAt: Date | undefined;
  readonly additionalAttributes: EntryAttributes | undefined;
  /** Zero at creation, one more with each update. */
  readonly revisionNumber: number;
  /** A whole second; never changes. */
  readonly createdAt: Date;
}

/** Absent and all false are the same thing: stored as absent. */
export interface EntryAttributes {
  readonly disableX509SvidPrefetch: boolean;
  readonly jwtSvidIncludeJti: boolean;
}

/** An entry to create; the datastore adds revision and creation time. */
export type NewEntry = Omit<RegistrationEntry, 'revisionNumber' | 'createdAt'>;

/** The fields of an update; what is absent stays as it is. */
export type EntryPatch = Partial<Omit<NewEntry, 'id'>>;

export interface EntryFilter {
  readonly spiffeId?: SpiffeId;
  readonly parentId?: SpiffeId;
  readonly selectors?: { readonly match: SetMatch; readonly selectors: readonly Selector[] };
  readonly federatesWith?: { readonly match: SetMatch; readonly trustDomains: readonly TrustDomain[] };
  readonly hint?: string;
  /** Only `true` filters. */
  readonly downstream?: true;
}
