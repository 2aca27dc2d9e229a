// Issues X.509-SVIDs and downstream authorities: build, inspect, sign. Synchronous; one call is one certificate.
import { SpiffeId, type TrustDomain } from '@credence/sdk/spiffeid';
import type { Clock, Random } from '@credence/sdk/runtime';
import { encodeTbsCertificate } from '@credence/sdk/x509';
import { serverError } from '../domain/errors.js';
import { serverPath } from '../domain/id-class.js';
import type {
  DownstreamCaIssuer,
  DownstreamCaRequest,
  IssuedDownstreamCa,
  IssuedX509Svid,
  X509SvidIssuer,
  X509SvidRequest,
} from './ports.js';
import { isLive } from './rotation-policy.js';
import { inspectIssuedCaCertificate } from './rules/issued-ca-certificate.js';
import { inspectX509Svid, type Subscriber } from './rules/x509-svid.js';
import { signInspected } from './signing/sign-inspected.js';
import { issuedCaCertificateTemplate } from './templates/issued-ca-certificate.js';
import { createSerialNumber, decimalSerialNumber } from './templates/serial-number.js';
import { withOrganizationalUnit } from './templates/subject.js';
import { createValidity } from './templates/validity.js';
import { x509SvidTemplate } from './templates/x509-svid.js';
import type { X509SigningAuthority } from './x509-authority.js';

export interface X509IssuerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly trustDomain: TrustDomain;
  readonly defaultTtlSeconds: number;
  /** The lifetime of a downstream authority whose request names none. */
  readonly caTtlMs: number;
  /** The active authority. */
  readonly authority: () => X509SigningAuthority | undefined;
}

/** Signs with whichever authority is active. */
export class X509Issuer implements X509SvidIssuer, DownstreamCaIssuer {
  readonly #options: X509IssuerOptions;

  constructor(options: X509IssuerOptions) {
    this.#options = options;
  }

  issueX509Svid(request: X509SvidRequest): IssuedX509Svid {
    return this.#issue(request, 'other');
  }

  /** The server's own SVID. @throws `ERR_NOT_READY`, `ERR_PROFILE` */
  issueServerSvid(trustDomain: TrustDomain, publicKeyInfo: Buffer): IssuedX509Svid {
    const spiffeId = SpiffeId.fromPath(trustDomain, serverPath);
    return this.#issue({ spiffeId, publicKeyInfo, ttlSeconds: 0 }, 'server');
  }

  issueDownstreamCa({ publicKeyInfo, ttlSeconds }: DownstreamCaRequest): IssuedDownstreamCa {
    const { clock, random, caTtlMs, trustDomain } = this.#options;
    const now = clock.now();
    const authority = this.#liveAuthority(now);
    const { limits, chain, privateKey } = authority;
    const validity = createValidity(now, ttlSeconds > 0 ? 1000 * ttlSeconds : caTtlMs, authority.expiresAt);
    const template = issuedCaCertificateTemplate(
      { name: limits.issuer, keyId: limits.authorityKeyId },
      {
        trustDomain,
        serialNumber: createSerialNumber(random),
        validity,
        subject: withOrganizationalUnit(limits.issuer, `DOWNSTREAM-${1 + chain.length}`),
        publicKeyInfo,
      },
    );
    const inspected = inspectIssuedCaCertificate(encodeTbsCertificate(template, privateKey), limits, now);
    return { chain: [signInspected(inspected, privateKey), ...chain], expiresAt: validity.notAfter };
  }

  #issue(request: X509SvidRequest, subscriber: Subscriber): IssuedX509Svid {
    const { clock, random } = this.#options;
    const now = clock.now();
    const authority = this.#liveAuthority(now);
    const serialNumber = createSerialNumber(random);
    const validity = createValidity(now, this.#ttlMs(request), authority.expiresAt);
    const template = x509SvidTemplate(authority.issuance, {
      spiffeId: request.spiffeId,
      dnsNames: request.dnsNames ?? [],
      subject: request.subject,
      publicKeyInfo: request.publicKeyInfo,
      serialNumber,
      validity,
    });
    const tbs = encodeTbsCertificate(template, authority.privateKey);
    const inspected = inspectX509Svid(tbs, authority.limits, subscriber, now);
    return {
      chain: [signInspected(inspected, authority.privateKey), ...authority.chain],
      serialNumber: decimalSerialNumber(serialNumber),
      expiresAt: validity.notAfter,
    };
  }

  #liveAuthority(now: Date): X509SigningAuthority {
    const authority = this.#options.authority();
    if (authority !== undefined && isLive(authority, now)) return authority;
    throw serverError(
      'ERR_NOT_READY',
      'there is no active X.509 authority: the server is starting, or its last has expired',
    );
  }

  #ttlMs({ ttlSeconds }: X509SvidRequest): number {
    return 1000 * (ttlSeconds > 0 ? ttlSeconds : this.#options.defaultTtlSeconds);
  }
}
