// The JWT authorities of one trust domain (JWT-SVID §6), as the JWK Set of the Workload API (SPIFFE Workload API §6.2.2).
// Whatever is in here may sign for this trust domain, and for no other.
import type { KeyObject } from 'node:crypto';
import { checkPublicKeyInfo, publicKeyInfoOf } from '../keys/index.js';
import { readBytes, sdkError } from '../runtime/index.js';
import type { TrustDomain } from '../spiffeid/index.js';
import { entriesOf, parseDocument, unusable, usableEntries, type EntryReport } from './jwk-set.js';
import { jwtJwkOf, readJwtAuthority, type JwtAuthority } from './jwt-authority.js';

/** An immutable set of JWT authorities. */
export class JwtBundle {
  readonly trustDomain: TrustDomain;
  /** In the order given, each once; may be empty, and then no JWT-SVID of this trust domain verifies. */
  readonly authorities: readonly JwtAuthority[];
  readonly #texts: ReadonlySet<string>;

  private constructor(trustDomain: TrustDomain, authorities: ReadonlyMap<string, JwtAuthority>) {
    this.trustDomain = trustDomain;
    this.authorities = Object.freeze([...authorities.values()]);
    this.#texts = new Set(authorities.keys());
  }

  /**
   * Several keys may have one key ID (RFC 7517 §4.5): each is tried.
   *
   * @throws SpiffeError `ERR_SPIFFE_KEY`: a key is weak or of a kind that is not accepted · `ERR_SPIFFE_BUNDLE`: a key ID
   * is empty.
   */
  static fromAuthorities(trustDomain: TrustDomain, authorities: Iterable<JwtAuthority>): JwtBundle {
    return new JwtBundle(trustDomain, new Map([...authorities].map(checked)));
  }

  /**
   * Reads a JWK Set. An entry that is not for JWT-SVIDs, or that we cannot or must not use, is left out and given to
   * `report`: "use" other than "jwt-svid" (it may be missing here), no "kid", another key type, a weak key, private
   * members.
   *
   * @throws SpiffeError `ERR_SPIFFE_BUNDLE`: not strict JSON, or no array "keys".
   */
  static parse(trustDomain: TrustDomain, jwks: string | Uint8Array, report?: EntryReport): JwtBundle {
    const entries = entriesOf(trustDomain, parseDocument(trustDomain, jwks));
    const authorities = usableEntries(
      trustDomain,
      entries,
      (entry) => {
        // SPIFFE Trust Domain and Bundle §4.2.2 but for its absence, which the Workload API allows.
        if (entry['use'] !== undefined && entry['use'] !== 'jwt-svid') throw unusable('its "use" is not "jwt-svid"');
        return readJwtAuthority(entry);
      },
      report,
    );
    return JwtBundle.fromAuthorities(trustDomain, authorities);
  }

  /**
   * Reads a file that holds a JWK Set.
   *
   * @throws as `parse`, and what node:fs throws.
   */
  static async load(trustDomain: TrustDomain, file: string): Promise<JwtBundle> {
    return JwtBundle.parse(trustDomain, await readBytes(file));
  }

  /** The key with this ID; of several, the first. */
  find(keyId: string): KeyObject | undefined {
    return this.authorities.find((authority) => authority.keyId === keyId)?.publicKey;
  }

  /** A bundle that holds this authority too. @throws as `fromAuthorities` */
  with(authority: JwtAuthority): JwtBundle {
    return JwtBundle.fromAuthorities(this.trustDomain, [...this.authorities, authority]);
  }

  /** A bundle without the authorities of this key ID. */
  without(keyId: string): JwtBundle {
    const others = this.authorities.filter((authority) => authority.keyId !== keyId);
    return JwtBundle.fromAuthorities(this.trustDomain, others);
  }

  /** Whether both hold the same authorities of the same trust domain, in any order. */
  equals(other: JwtBundle): boolean {
    return (
      this.trustDomain.equals(other.trustDomain) &&
      this.#texts.size === other.#texts.size &&
      [...this.#texts].every((text) => other.#texts.has(text))
    );
  }

  /** A JWK Set without "use": stock libraries leave out keys whose "use" is not "sig". */
  toJwks(): string {
    return JSON.stringify({ keys: this.authorities.map(jwtJwkOf) });
  }
}

// With a text that is the same for equal authorities only. A copy: whatever else the caller's object holds stays there.
function checked({ keyId, publicKey, algorithm }: JwtAuthority): readonly [text: string, authority: JwtAuthority] {
  if (keyId === '') throw sdkError('ERR_SPIFFE_BUNDLE', 'a JWT authority has an empty key ID');
  if (publicKey.type !== 'public') throw sdkError('ERR_SPIFFE_KEY', `a JWT authority has a ${publicKey.type} key`);
  const publicKeyInfo = publicKeyInfoOf(publicKey);
  checkPublicKeyInfo(publicKeyInfo);
  const text = JSON.stringify([keyId, publicKeyInfo.toString('base64'), algorithm ?? null]);
  return [text, Object.freeze({ keyId, publicKey, ...(algorithm === undefined ? {} : { algorithm }) })];
}
