// What an X.509 authority and a JWT signing key have in common: an ID, a lifetime, a key in a slot, and a place in the
// trust bundle. Slots, rotation and journal know no more than this.
import type { TrustBundle } from '../domain/trust-bundle.js';

/** An authority whose private key this server holds. */
export interface SigningAuthority {
  /** X.509: the subject key ID in lower-case hex. JWT: the key ID. */
  readonly id: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** What verifiers are given, DER: the certificate, or the public key. */
  readonly published: Buffer;
  /** X.509, DER: the intermediates above it, without the root; undefined: it is self-signed. */
  readonly upstreamChain?: readonly Buffer[] | undefined;
}

/** What the journal keeps of an authority: all but its key. */
export type AuthorityRecord = SigningAuthority;

/** An authority from the journal that signs again, or why it never will. */
export type Restored<A> =
  { readonly kind: 'usable'; readonly authority: A } | { readonly kind: 'unusable'; readonly reason: string };

/** `stale`: another one would be made today. `tainted`: nothing should stand on it any more. */
export type Verdict = 'sound' | 'stale' | 'tainted';

/** How authorities of one kind are made, published and withdrawn. */
export interface AuthorityKind<A extends SigningAuthority> {
  /** Its name in the journal; with `-A` and `-B`, the IDs of its two keys: `x509-CA`, `JWT-Signer`. */
  readonly name: string;
  /** Makes a key under `keyId`, replacing the one there, and its authority, which nobody knows yet. */
  create(keyId: string): Promise<A>;
  /** Adds the authority to the trust bundle; a second time changes nothing. */
  publish(authority: A): Promise<void>;
  /** Brings an authority back whose key is under `keyId`. */
  restore(record: AuthorityRecord, keyId: string, bundle: TrustBundle | undefined): Restored<A>;
  /** Whether the authority should be replaced before its time. */
  review?(authority: A): Promise<Verdict>;
  /** Marks the authority as tainted in the trust bundle. @throws `ERR_AUTHORITY_STATE` it is not there, or is tainted. */
  taint(id: string): Promise<void>;
  /** Takes a tainted authority out of the trust bundle. @throws `ERR_AUTHORITY_STATE` it is not there, or not tainted. */
  revoke(id: string): Promise<void>;
}
