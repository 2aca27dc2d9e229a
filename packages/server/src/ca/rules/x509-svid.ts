// The profile of an X.509-SVID (X509-SVID §§2, 3.1, 4), checked on the very bytes that are about to be signed.
import { SpiffeId, type TrustDomain } from '@credence/sdk/spiffeid';
import { subjectKeyId } from '@credence/sdk/keys';
import type { GeneralNames } from '@credence/sdk/x509';
import { dnsNameProblem } from '../../domain/dns-name.js';
import { serverPath } from '../../domain/id-class.js';
import { breach } from './breach.js';
import {
  checkExtensions,
  checkIssuer,
  checkLifetime,
  checkSerialNumber,
  checkSignatureAlgorithm,
  checkSubject,
  inspecting,
} from './common-rules.js';
import {
  authorityKeyIdentifier,
  leafBasicConstraints,
  leafExtendedKeyUsage,
  leafKeyUsage,
  subjectKeyIdentifier,
  type ExpectedExtension,
} from './expected-extensions.js';
import type { InspectedTbs } from './inspected.js';
import { readTbsCertificate, type TbsCertificate } from './tbs-certificate.js';

/** What an authority may sign. */
export interface X509SvidLimits {
  readonly trustDomain: TrustDomain;
  /** The authority's subject: X.501 Name, DER. */
  readonly issuer: Buffer;
  readonly authorityKeyId: Buffer;
  /** The authority's own key: SubjectPublicKeyInfo, DER. */
  readonly authorityKey: Buffer;
  /** AlgorithmIdentifier of the authority's key, DER. */
  readonly signatureAlgorithm: Buffer;
  /** When the authority expires. */
  readonly latest: Date;
}

/** Whom the certificate is for: only the server itself gets the server's SPIFFE ID. */
export type Subscriber = 'server' | 'other';

/**
 * Inspects a TBSCertificate, DER.
 *
 * @throws `ERR_PROFILE`
 */
export function inspectX509Svid(tbs: Buffer, limits: X509SvidLimits, subscriber: Subscriber, now: Date): InspectedTbs {
  return inspecting(() => {
    const certificate = readTbsCertificate(tbs);
    checkSerialNumber(certificate);
    checkSignatureAlgorithm(certificate, limits.signatureAlgorithm);
    checkIssuer(certificate, limits.issuer);
    checkLifetime(certificate, now, limits.latest);
    checkSubject(certificate);
    checkKey(certificate, limits);
    checkNames(checkExtensions(certificate, expectedExtensions(certificate, limits)), limits.trustDomain, subscriber);
    return tbs as InspectedTbs;
  });
}

// X509-SVID §3.2: an authority's key signs, it does not authenticate.
function checkKey({ publicKeyInfo }: TbsCertificate, { authorityKey }: X509SvidLimits): void {
  if (publicKeyInfo.equals(authorityKey)) throw breach("the key is the authority's own (X509-SVID §3.2)");
}

function expectedExtensions(
  { publicKeyInfo }: TbsCertificate,
  { authorityKeyId }: X509SvidLimits,
): readonly ExpectedExtension[] {
  return [
    leafKeyUsage,
    leafExtendedKeyUsage,
    leafBasicConstraints,
    subjectKeyIdentifier(subjectKeyId(publicKeyInfo)),
    authorityKeyIdentifier(authorityKeyId),
  ];
}

function checkNames(names: GeneralNames, trustDomain: TrustDomain, subscriber: Subscriber): void {
  const [uri, ...others] = names.uris;
  // X509-SVID §2: exactly one URI.
  if (uri === undefined || others.length > 0) throw breach(`${names.uris.length} URIs, expected one (X509-SVID §2)`);
  if (names.otherTags.size > 0) throw breach('a subject alternative name is neither a URI nor a DNS name');
  checkSpiffeId(SpiffeId.parse(uri), trustDomain, subscriber);
  for (const name of names.dnsNames) {
    const problem = dnsNameProblem(name);
    if (problem !== undefined) throw breach(`a DNS name is not one: ${problem}`);
  }
}

function checkSpiffeId(id: SpiffeId, trustDomain: TrustDomain, subscriber: Subscriber): void {
  const text = id.toString();
  if (!id.isMemberOf(trustDomain)) throw breach(`${text} is not in trust domain ${trustDomain.name}`);
  if (id.path === '') throw breach(`${text} has no path (X509-SVID §3.1)`);
  if ((id.path === serverPath) !== (subscriber === 'server')) {
    throw breach(`${text} is ${subscriber === 'server' ? 'not ' : ''}the SPIFFE ID of the server`);
  }
}
