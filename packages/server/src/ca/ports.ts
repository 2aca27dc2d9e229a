// What the rest of the server asks of the certificate authority.
import type { SpiffeId } from '@credence/sdk';

/** Proof that a certificate request parsed, has an acceptable key, and was signed by that key. */
export interface CheckedCsr {
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Buffer;
  /** X.501 Name, DER; the empty SEQUENCE when the request has no subject. */
  readonly subject: Buffer;
  readonly uriSans: readonly string[];
  readonly dnsNames: readonly string[];
}

/** Checks requests; proof of possession runs in worker threads. */
export interface CsrChecker {
  /**
   * One result a request, in order; a bad one is an `ERR_CSR` error whose message names what is wrong: `malformed CSR: …`
   * or `invalid CSR signature: …`. An error without a code: the check itself failed, the request may be good.
   */
  check(requests: readonly Uint8Array[]): Promise<readonly (CheckedCsr | Error)[]>;
}

export interface X509SvidRequest {
  readonly spiffeId: SpiffeId;
  readonly publicKeyInfo: Buffer;
  /** Zero or less: the server's default. The lifetime never exceeds that of the signing authority. */
  readonly ttlSeconds: number;
  /** The first becomes the subject's common name. */
  readonly dnsNames?: readonly string[];
  /** X.501 Name, DER; default C=US, O=SPIRE. */
  readonly subject?: Buffer;
}

export interface IssuedX509Svid {
  /** DER, leaf first, then the server's own upstream chain if any, without the self-signed root. */
  readonly chain: readonly Buffer[];
  /** Decimal. */
  readonly serialNumber: string;
  readonly expiresAt: Date;
}

/** Signs with the active X.509 authority. */
export interface X509SvidIssuer {
  /** @throws `ERR_NOT_READY`, `ERR_PROFILE` */
  issueX509Svid(request: X509SvidRequest): IssuedX509Svid;
}
