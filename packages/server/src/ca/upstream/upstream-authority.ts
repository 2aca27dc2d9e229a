// The port to an authority above ours: then our X.509 authorities are its intermediates, and its roots are in the bundle.
import type { Certificate } from '@credence/sdk';
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
  readonly roots: readonly Certificate[];
}

/** Each method throws `ERR_UPSTREAM` when the authority cannot be used. */
export interface UpstreamAuthority {
  /** Makes a key an authority of the trust domain. Whoever calls checks the answer. */
  certify(request: UpstreamRequest): Promise<CertifiedAuthority>;
  /** What has to be in the bundle of the trust domain. */
  roots(): Promise<readonly Certificate[]>;
  /** Whether it would put the same chain above an authority if it were asked today. */
  standsBehind(certificate: Certificate, chain: readonly Buffer[]): Promise<boolean>;
}
