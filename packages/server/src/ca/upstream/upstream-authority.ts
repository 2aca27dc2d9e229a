// The port to an authority above ours: then our X.509 authorities are its intermediates, and its roots are in the bundle.
import type { Certificate } from '@credence/sdk';
import type { Authorities } from '../../datastore/bundle-store.js';
import type { JwtAuthority } from '../../domain/trust-bundle.js';
import type { CaSubject } from '../templates/ca-certificate.js';

export interface UpstreamRequest {
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Buffer;
  readonly subject: CaSubject;
  /** PKCS#10, DER: the same key and subject, and the trust domain's SPIFFE ID. */
  readonly csr: Buffer;
  readonly ttlMs: number;
}

export interface CertifiedAuthority {
  readonly certificate: Certificate;
  /** From below, without the root. */
  readonly chain: readonly Certificate[];
  /** Those that may be above it. */
  readonly roots: readonly Certificate[];
}

/** What has to be in the bundle of the trust domain. */
export interface UpstreamBundle extends Authorities {
  /** Whether it is the bundle of our trust domain: then what is tainted or revoked in it is so in ours. */
  readonly isShared: boolean;
}

/** Each method throws `ERR_UPSTREAM` when the authority cannot be used. */
export interface UpstreamAuthority {
  /** Makes a key an authority of the trust domain. Whoever calls checks the answer. */
  certify(request: UpstreamRequest): Promise<CertifiedAuthority>;
  bundle(): Promise<UpstreamBundle>;
  /** Whether it would put the same chain above an authority if it were asked today. */
  standsBehind(certificate: Certificate, chain: readonly Buffer[]): Promise<boolean>;
  /** Puts a JWT authority into its bundle. Undefined: it has none. */
  publishJwtAuthority?(authority: JwtAuthority): Promise<void>;
}
