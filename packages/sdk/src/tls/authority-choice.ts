// Which authorities OpenSSL is told of. It takes them in one list, where a trust domain could harm others: by names that
// fill a message of the handshake, or by a certificate that is found in place of another's authority. Here each trust
// domain harms at most itself.
import { createHash } from 'node:crypto';
import type { X509Bundle } from '../bundle/index.js';
import { subjectKeyId } from '../keys/index.js';
import { guarded, type Logger } from '../runtime/index.js';
import type { TrustDomain } from '../spiffeid/index.js';
import type { Certificate } from '../x509/index.js';

/** An authority that OpenSSL shall know. */
export interface Authority {
  readonly certificate: Certificate;
  /** Names of the trust domains that hold it. */
  readonly domains: readonly string[];
}

export interface Choice {
  /** Our own trust domain, which comes before the others. */
  readonly own?: TrustDomain | undefined;
  /** Told of what is left out. Default: silent. */
  readonly logger?: Logger | undefined;
}

interface Held {
  readonly domain: string;
  readonly isOwn: boolean;
  readonly authorities: readonly Certificate[];
}

interface Claim {
  readonly domain: string;
  readonly isOwn: boolean;
  readonly certificate: Certificate;
  readonly identity: string;
}

// A CertificateRequest names all authorities (RFC 8446 §4.2.4: 65,535 bytes), and some TLS libraries accept no message of
// more than 32 KiB. The rest is for our anchor and the other extensions.
const mostSubjectBytes = 32_000;

/**
 * The authorities of these bundles, each once. Left out, with a warning, are: what does not fit into 32,000 bytes of
 * subjects, of which our own trust domain takes what it needs and the others equal shares; and a certificate that
 * OpenSSL could take for a different authority of another trust domain.
 */
export function chooseAuthorities(bundles: readonly X509Bundle[], choice: Choice): readonly Authority[] {
  const logger = guarded(choice.logger);
  const held = bundles
    // A constraint with a leading dot would mean the subdomains.
    .filter(({ trustDomain }) => !trustDomain.name.startsWith('.'))
    .map(({ trustDomain, authorities }) => ({
      domain: trustDomain.name,
      isOwn: choice.own?.equals(trustDomain) === true,
      authorities: authorities.filter(maySign),
    }));
  return merged(withoutConflicts(withinBudget(held, logger), logger));
}

// What is not a signing certificate must not become one here (RFC 5280 §6.1.4 (k), (n)).
function maySign({ isCa, keyUsage, unknownCritical }: Certificate): boolean {
  return isCa && keyUsage?.has('keyCertSign') !== false && unknownCritical.length === 0;
}

// Smallest first, so that what one does not need is there for the next.
function withinBudget(held: readonly Held[], logger: Logger): readonly Held[] {
  let left = mostSubjectBytes;
  const order = held.toSorted((a, b) => Number(b.isOwn) - Number(a.isOwn) || sizeOf(a) - sizeOf(b));
  return order.map((domain, i) => {
    const share = domain.isOwn ? left : Math.floor(left / (order.length - i));
    let used = 0;
    const authorities = domain.authorities.filter((authority) => {
      const fits = used + bytesOf(authority) <= share;
      if (fits) used += bytesOf(authority);
      return fits;
    });
    left -= used;
    const leftOut = domain.authorities.length - authorities.length;
    if (leftOut > 0) logger.warn({ trustDomain: domain.domain, leftOut }, 'authorities left out: names too long');
    return { ...domain, authorities };
  });
}

function sizeOf({ authorities }: Held): number {
  return authorities.reduce((sum, authority) => sum + bytesOf(authority), 0);
}

/** With its length. */
function bytesOf({ subject }: Certificate): number {
  return subject.length + 2;
}

function withoutConflicts(held: readonly Held[], logger: Logger): readonly Claim[] {
  const bySubject = new Map<string, Claim[]>();
  for (const { authorities, ...domain } of held) {
    for (const certificate of authorities) {
      const subject = certificate.subject.toString('latin1');
      bySubject.set(subject, [...(bySubject.get(subject) ?? []), claim(certificate, domain)]);
    }
  }
  return [...bySubject.values()].flatMap((rivals) => (rivals.length === 1 ? rivals : settled(rivals, logger)));
}

/** Of claims to one subject, those that OpenSSL cannot mistake for one another; the more genuine ones stay. */
function settled(rivals: readonly Claim[], logger: Logger): readonly Claim[] {
  const ranked = rivals.map((claim) => ({ claim, rank: rankOf(claim) })).toSorted((a, b) => b.rank - a.rank);
  const kept: Claim[] = [];
  for (const { claim: rival } of ranked) {
    const other = kept.find((claim) => isConflict(claim, rival));
    if (other === undefined) kept.push(rival);
    else {
      const names = { trustDomain: rival.domain, heldBy: other.domain };
      logger.warn(names, 'authority left out: it looks like another of a different trust domain');
    }
  }
  return kept;
}

// By subject and key identifier, as OpenSSL looks an authority up: it takes the first that fits and looks no further.
function isConflict(a: Claim, b: Claim): boolean {
  if (a.domain === b.domain || a.identity === b.identity) return false;
  const [idOfA, idOfB] = [a.certificate.subjectKeyId, b.certificate.subjectKeyId];
  return idOfA === undefined || idOfB === undefined || idOfA.equals(idOfB);
}

function claim(certificate: Certificate, { domain, isOwn }: Omit<Held, 'authorities'>): Claim {
  return { domain, isOwn, certificate, identity: identityOf(certificate) };
}

function rankOf({ isOwn, certificate }: Claim): number {
  return isOwn ? 4 : genuineness(certificate);
}

// Whoever imitates an authority has no key that hashes to its key identifier, and cannot sign for its key.
function genuineness(certificate: Certificate): number {
  const keyId = certificate.subjectKeyId;
  const isOwnKeyId = keyId !== undefined && keyIdsOf(certificate).some((id) => id.equals(keyId));
  return (isOwnKeyId ? 2 : 0) + (certificate.isSignedBy(certificate) ? 1 : 0);
}

// RFC 5280 §4.2.1.2 (1), RFC 7093 §2 (1).
function keyIdsOf({ publicKeyInfo }: Certificate): readonly Buffer[] {
  return [subjectKeyId(publicKeyInfo), subjectKeyId(publicKeyInfo, 'sha256')];
}

// One authority may serve several trust domains, and then speaks for each of them.
function merged(claims: readonly Claim[]): readonly Authority[] {
  const byIdentity = new Map<string, { certificate: Certificate; domains: string[] }>();
  for (const { identity, certificate, domain } of claims) {
    const known = byIdentity.get(identity);
    if (known === undefined) byIdentity.set(identity, { certificate, domains: [domain] });
    else known.domains.push(domain);
  }
  return [...byIdentity.values()];
}

// One authority in two forms (a new serial number, say) must become one certificate.
function identityOf(certificate: Certificate): string {
  const { raw, subject, subjectKeyId: keyId, publicKeyInfo, notBefore, notAfter, ...rest } = certificate;
  const { basicConstraints, extendedKeyUsage, nameConstraints } = rest;
  const profile = JSON.stringify([notBefore, notAfter, basicConstraints?.pathLength, extendedKeyUsage, keyId]);
  const parts = [subject, publicKeyInfo, profile, ...(nameConstraints === undefined ? [] : [raw])];
  return parts.map((part) => createHash('sha256').update(part).digest('hex')).join();
}
