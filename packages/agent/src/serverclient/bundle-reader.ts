// Bundles as the server sends them. An authority that does not parse or has an unacceptable key can vouch for nobody: it
// is left out, so that one odd certificate does not take the others with it.
import { TrustDomain } from '@credence/sdk';
import { importPublicKey } from '@credence/sdk/keys';
import type { Logger } from '@credence/sdk/runtime';
import type { Bundle__Output } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import { Certificate } from '@credence/sdk/x509';
import { agentError } from '../domain/errors.js';
import type { JwtAuthority, TrustBundle, X509Authority } from '../domain/workload-identity.js';

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
    const x509Authorities = this.#readAuthorities(bundle.x509_authorities, trustDomain);
    if (x509Authorities.length === 0 && bundle.x509_authorities.length > 0) {
      throw agentError('ERR_SERVER_RESPONSE', `no X.509 authority of the bundle of ${trustDomain.name} can be used`);
    }
    return {
      trustDomain,
      x509Authorities,
      jwtAuthorities: bundle.jwt_authorities.map(parseJwtAuthority),
      refreshHintSeconds: Number(bundle.refresh_hint),
      sequenceNumber: BigInt(bundle.sequence_number),
    };
  }

  #readAuthorities(
    authorities: Bundle__Output['x509_authorities'],
    trustDomain: TrustDomain,
  ): readonly X509Authority[] {
    const read: X509Authority[] = [];
    const problems: string[] = [];
    for (const [index, { asn1, tainted }] of authorities.entries()) {
      const problem = problemOf(asn1);
      if (problem === undefined) read.push({ certificate: asn1, tainted });
      else problems.push(`authority ${index}: ${problem}`);
    }
    this.#warn(trustDomain.name, problems);
    return read;
  }

  #warn(trustDomain: string, problems: readonly string[]): void {
    const text = problems.join('; ');
    if (text !== '' && this.#warned.get(trustDomain) !== text) {
      this.#log.warn({ trustDomain, problems }, 'unusable X.509 authority left out of the bundle');
    }
    this.#warned.set(trustDomain, text);
  }
}

function problemOf(certificate: Buffer): string | undefined {
  try {
    importPublicKey(Certificate.parse(certificate).publicKeyInfo); // TLS refuses what holds an invalid key
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function parseJwtAuthority(key: Bundle__Output['jwt_authorities'][number]): JwtAuthority {
  return {
    publicKey: key.public_key,
    keyId: key.key_id,
    expiresAt: key.expires_at === '0' ? undefined : new Date(Number(key.expires_at) * 1000),
    tainted: key.tainted,
  };
}
