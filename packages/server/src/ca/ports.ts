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

export interface DownstreamCaRequest {
  readonly publicKeyInfo: Buffer;
  /** Zero or less: the lifetime of the server's own authorities. It never exceeds that of the signing authority. */
  readonly ttlSeconds: number;
}

export interface IssuedDownstreamCa {
  /** DER: the new authority's certificate first, then the server's own upstream chain if any. */
  readonly chain: readonly Buffer[];
  readonly expiresAt: Date;
}

/** Certifies authorities of servers below this one, in the same trust domain, with the active X.509 authority. */
export interface DownstreamCaIssuer {
  /** @throws `ERR_NOT_READY`, `ERR_PROFILE` */
  issueDownstreamCa(request: DownstreamCaRequest): IssuedDownstreamCa;
}

/** Signs with the active X.509 authority. */
export interface X509SvidIssuer {
  /** @throws `ERR_NOT_READY`, `ERR_PROFILE` */
  issueX509Svid(request: X509SvidRequest): IssuedX509Svid;
}

export interface JwtSvidRequest {
  readonly spiffeId: SpiffeId;
  /** One or more, none of them empty. */
  readonly audience: readonly string[];
  /** Zero or less: the server's default. The lifetime never exceeds that of the signing authority. */
  readonly ttlSeconds: number;
  /** Whether the token has a `jti`. */
  readonly includeTokenId: boolean;
}

export interface IssuedJwtSvid {
  /** JWS Compact Serialization. */
  readonly token: string;
  /** Whole seconds, as the token says. */
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** Signs with the active JWT authority. */
export interface JwtSvidIssuer {
  /** @throws `ERR_NOT_READY`, `ERR_PROFILE` */
  issueJwtSvid(request: JwtSvidRequest): IssuedJwtSvid;
}

/** One of this server's authorities, without its key. */
export interface AuthorityFacts {
  readonly id: string;
  readonly expiresAt: Date;
  /** X.509: the key ID, in lower-case hex, of the authority above; undefined: it is self-signed. */
  readonly upstreamId?: string | undefined;
}

export interface LocalAuthorityState {
  readonly active: AuthorityFacts;
  readonly prepared: AuthorityFacts | undefined;
  readonly old: AuthorityFacts | undefined;
}

/** The rotation of this server's authorities of one kind, by hand. */
export interface LocalAuthority {
  /** @throws `ERR_NOT_READY` */
  state(): LocalAuthorityState;
  /** Makes and publishes the next authority. @throws `ERR_NOT_READY`, `ERR_KEYS`, `ERR_DATASTORE` */
  prepare(): Promise<AuthorityFacts>;
  /** Lets the prepared authority take over. @throws `ERR_INVALID_ARGUMENT`, `ERR_AUTHORITY_STATE` */
  activate(id: string): Promise<AuthorityFacts>;
  /**
   * Marks the old authority in the bundle: what it signed is replaced everywhere, and verifies until then.
   *
   * @throws `ERR_INVALID_ARGUMENT`, `ERR_AUTHORITY_STATE`
   */
  taint(id: string): Promise<AuthorityFacts>;
  /** Takes a tainted authority out of the bundle. @throws `ERR_INVALID_ARGUMENT`, `ERR_AUTHORITY_STATE` */
  revoke(id: string): Promise<void>;
}

/** The authorities above this server's own. */
export interface UpstreamAuthorities {
  /**
   * Marks a root in the bundle that only the old authority stands on; answers its ID as it was understood.
   *
   * @throws `ERR_INVALID_ARGUMENT`, `ERR_AUTHORITY_STATE`
   */
  taint(subjectKeyId: string): Promise<string>;
  /** Takes it out of the bundle. @throws as taint; `ERR_UPSTREAM`: it would come back. */
  revoke(subjectKeyId: string): Promise<string>;
}

export interface LocalAuthorities {
  readonly x509: LocalAuthority;
  /** Undefined: the X.509 authorities are self-signed. */
  readonly upstream: UpstreamAuthorities | undefined;
  /** Undefined: JWT-SVIDs are switched off. */
  readonly jwt: LocalAuthority | undefined;
}
