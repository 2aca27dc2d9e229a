// The bundle of the trust domain as the server above sends it. Servers below it publish there, too: what cannot verify
// anything is left out, so that none of them keeps us from following the rest.
import type { TrustDomain } from '@credence/sdk';
import { checkPublicKeyInfo, importPublicKey } from '@credence/sdk/keys';
import type { Logger } from '@credence/sdk/runtime';
import type { Bundle__Output } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import type { JWTKey__Output } from '@credence/sdk/wire/gen/spire/api/types/JWTKey.js';
import type { X509Certificate__Output } from '@credence/sdk/wire/gen/spire/api/types/X509Certificate.js';
import { Certificate } from '@credence/sdk/x509';
import type { Authorities } from '../datastore/bundle-store.js';
import { serverError } from '../domain/errors.js';
import { mostFollowed, type JwtAuthority, type X509Authority } from '../domain/trust-bundle.js';

// With these an agent can fetch the largest bundle: a message has at most 4 MiB.
const longestCertificate = 8192;
const longestKeyId = 255;
const lastSecond = 8_640_000_000_000;

export interface BundleReaderOptions {
  readonly trustDomain: TrustDomain;
  readonly log: Logger;
}

export class BundleReader {
  readonly #options: BundleReaderOptions;
  /** The keys of the bundle that was read last: to import a thousand takes a second, and it comes every few seconds. */
  #imported: ReadonlySet<string> = new Set();
  /** What was warned of last, so that it is said once. */
  #warned = '';

  constructor(options: BundleReaderOptions) {
    this.#options = options;
  }

  /** @throws `ERR_UPSTREAM`: it is of another trust domain */
  read(bundle: Bundle__Output): Authorities {
    this.#checkTrustDomain(bundle.trust_domain);
    const problems: string[] = [];
    const imported = new Set<string>();
    const importOnce = (publicKeyInfo: Buffer): void => {
      const key = publicKeyInfo.toString('base64');
      if (!this.#imported.has(key)) importPublicKey(publicKeyInfo);
      imported.add(key);
    };
    const keyIds = new Set<string>();
    const x509 = first(mostFollowed.x509, 'X.509', bundle.x509_authorities, problems);
    const jwt = first(mostFollowed.jwt, 'JWT', bundle.jwt_authorities, problems);
    const authorities = {
      x509Authorities: usable('X.509', x509, problems, (authority) => readX509Authority(authority, importOnce)),
      jwtAuthorities: usable('JWT', jwt, problems, (authority) => readJwtAuthority(authority, keyIds, importOnce)),
    };
    this.#imported = imported;
    this.#warn(problems);
    return authorities;
  }

  // SPIFFE Trust Domain and Bundle §3: a bundle belongs to exactly one trust domain.
  #checkTrustDomain(name: string): void {
    const { trustDomain } = this.#options;
    if (name === trustDomain.name) return;
    throw serverError('ERR_UPSTREAM', `the bundle of the upstream server is that of ${JSON.stringify(name)}`);
  }

  #warn(problems: readonly string[]): void {
    const text = problems.join('; ');
    if (text !== '' && text !== this.#warned) {
      this.#options.log.warn({ problems }, 'authorities of the upstream server left out of the bundle');
    }
    this.#warned = text;
  }
}

type Import = (publicKeyInfo: Buffer) => void;

function readX509Authority({ asn1, tainted }: X509Certificate__Output, importKey: Import): X509Authority {
  if (asn1.length > longestCertificate) throw new Error(`it is longer than ${longestCertificate} bytes`);
  const certificate = Certificate.parse(asn1);
  // X509-SVID §5.2: whoever signs is a CA.
  if (!certificate.isCa) throw new Error('it is not the certificate of a CA');
  importKey(certificate.publicKeyInfo);
  return { certificate: certificate.raw, tainted };
}

function readJwtAuthority(authority: JWTKey__Output, keyIds: Set<string>, importKey: Import): JwtAuthority {
  const { key_id: keyId, public_key: publicKey, expires_at, tainted } = authority;
  if (keyId === '' || Buffer.byteLength(keyId) > longestKeyId) {
    throw new Error(`its key ID is not of 1 to ${longestKeyId} bytes`);
  }
  // JWT-SVID §2.1: no algorithm there takes Ed25519.
  if (checkPublicKeyInfo(publicKey) === 'ed25519') throw new Error('it is Ed25519; RSA or ECDSA is taken');
  const seconds = Number(expires_at);
  if (!(seconds >= 0 && seconds <= lastSecond)) throw new Error('its expires_at is no instant');
  importKey(publicKey);
  // SPIFFE Trust Domain and Bundle §4.2: a key is found by its ID.
  if (keyIds.has(keyId)) throw new Error('its key ID is that of another one');
  keyIds.add(keyId);
  return { keyId, publicKey, expiresAt: seconds === 0 ? undefined : new Date(1000 * seconds), tainted };
}

function first<T>(most: number, kind: string, authorities: readonly T[], problems: string[]): readonly T[] {
  if (authorities.length > most)
    problems.push(`${kind}: ${authorities.length} authorities; the first ${most} are taken`);
  return authorities.slice(0, most);
}

/** Those that `read` does not throw for. */
function usable<Wire, Read>(
  kind: string,
  authorities: readonly Wire[],
  problems: string[],
  read: (authority: Wire) => Read,
): readonly Read[] {
  return authorities.flatMap((authority, index) => {
    try {
      return [read(authority)];
    } catch (error) {
      problems.push(`${kind} authority ${index}: ${(error as Error).message}`);
      return [];
    }
  });
}
