// Bundles as the server sends them. An authority that does not parse or has an unacceptable key can vouch for nobody: it
// is left out, so that one odd certificate does not take the others with it.
import { JwtBundle, type JwtAuthority } from '@credence/sdk/bundle';
import { TrustDomain } from '@credence/sdk/spiffeid';
import { importPublicKey } from '@credence/sdk/keys';
import type { Logger } from '@credence/sdk/runtime';
import type { Bundle__Output } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import { Certificate } from '@credence/sdk/x509';
import { agentError } from '../domain/errors.js';
import type { TrustBundle, X509Authority } from '../domain/workload-identity.js';

export class BundleReader {
  readonly #log: Logger;
  /** By trust domain: what was warned of last, so that it is said once and not in each round. */
  readonly #warned = new Map<string, string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @throws ERR_SERVER_RESPONSE: of another trust domain, or its authorities are all unusable. */
  read(bundle: Bundle__Output, trustDomain: TrustDomain): TrustBundle {
    // SPIFFE Trust Domain and Bundle §3: a bundle belongs to exactly one trust domain, the one that was asked for.
    if (!TrustDomain.parse(bundle.trust_domain).equals(trustDomain)) {
      throw agentError('ERR_SERVER_RESPONSE', `the bundle of ${trustDomain.name} came as that of another trust domain`);
    }
    const problems: string[] = [];
    const x509Authorities = readX509Authorities(bundle.x509_authorities, problems);
    const jwtAuthorities = readJwtAuthorities(bundle.jwt_authorities, problems);
    this.#warn(trustDomain.name, problems);
    if (x509Authorities.length === 0 && bundle.x509_authorities.length > 0) {
      throw agentError('ERR_SERVER_RESPONSE', `no X.509 authority of the bundle of ${trustDomain.name} can be used`);
    }
    return {
      trustDomain,
      x509Authorities,
      jwtBundle: JwtBundle.fromAuthorities(trustDomain, jwtAuthorities),
      taintedJwtKeyIds: new Set(bundle.jwt_authorities.filter(({ tainted }) => tainted).map(({ key_id: id }) => id)),
      refreshHintSeconds: Number(bundle.refresh_hint),
      sequenceNumber: BigInt(bundle.sequence_number),
    };
  }

  #warn(trustDomain: string, problems: readonly string[]): void {
    const text = problems.join('; ');
    if (text !== '' && this.#warned.get(trustDomain) !== text) {
      this.#log.warn({ trustDomain, problems }, 'unusable authority left out of the bundle');
    }
    this.#warned.set(trustDomain, text);
  }
}

function readX509Authorities(
  authorities: Bundle__Output['x509_authorities'],
  problems: string[],
): readonly X509Authority[] {
  return usable('X.509 authority', authorities, problems, ({ asn1, tainted }) => {
    importPublicKey(Certificate.parse(asn1).publicKeyInfo); // TLS refuses what holds an invalid key
    return { certificate: asn1, tainted };
  });
}

function readJwtAuthorities(
  authorities: Bundle__Output['jwt_authorities'],
  problems: string[],
): readonly JwtAuthority[] {
  const read = usable('JWT authority', authorities, problems, ({ public_key: publicKey, key_id: keyId }) => {
    if (keyId === '') throw new Error('its key ID is empty');
    return { keyId, publicKey: importPublicKey(publicKey) };
  });
  return [...read].sort((a, b) => (a.keyId < b.keyId ? -1 : 1));
}

/** Those that `read` does not throw for. */
function usable<Wire, Read>(
  what: string,
  authorities: readonly Wire[],
  problems: string[],
  read: (authority: Wire) => Read,
): readonly Read[] {
  return authorities.flatMap((authority, index) => {
    try {
      return [read(authority)];
    } catch (error) {
      problems.push(`${what} ${index}: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
  });
}
