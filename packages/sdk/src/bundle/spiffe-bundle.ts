// A SPIFFE bundle (SPIFFE Trust Domain and Bundle §4): all authorities of one trust domain in one JSON document, as bundle
// endpoints serve it. Nothing in a document says whose it is: the trust domain is always the caller's word (§3).
import type { JsonObject } from '../json/index.js';
import { readBytes } from '../runtime/index.js';
import type { TrustDomain } from '../spiffeid/index.js';
import type { Certificate } from '../x509/index.js';
import { entriesOf, malformed, parseDocument, unusable, usableEntries, type EntryReport } from './jwk-set.js';
import { jwtJwkOf, readJwtAuthority, type JwtAuthority } from './jwt-authority.js';
import { JwtBundle } from './jwt-bundle.js';
import { readX509Authority, x509JwkOf } from './x509-authority.js';
import { X509Bundle } from './x509-bundle.js';

/** The parts of a SPIFFE bundle; what is left out is empty or unknown. */
export interface SpiffeBundleParts {
  readonly trustDomain: TrustDomain;
  readonly x509?: X509Bundle | undefined;
  readonly jwt?: JwtBundle | undefined;
  /** From 0 to 2^64 - 1. */
  readonly sequenceNumber?: bigint | undefined;
  /** Whole seconds, in milliseconds. */
  readonly refreshHintMs?: number | undefined;
}

const largestSequence = 2n ** 64n - 1n;
const longestHintSeconds = Math.floor(Number.MAX_SAFE_INTEGER / 1000);

/** An immutable SPIFFE bundle. */
export class SpiffeBundle {
  readonly trustDomain: TrustDomain;
  readonly x509: X509Bundle;
  readonly jwt: JwtBundle;
  /** "spiffe_sequence": a later document has a larger one (§4.1.1). */
  readonly sequenceNumber: bigint | undefined;
  /** "spiffe_refresh_hint": how often the publisher would like to be asked (§4.1.2); any value, so bound it. */
  readonly refreshHintMs: number | undefined;

  private constructor(parts: SpiffeBundleParts) {
    const { trustDomain } = parts;
    this.trustDomain = trustDomain;
    this.x509 = parts.x509 ?? X509Bundle.fromCertificates(trustDomain, []);
    this.jwt = parts.jwt ?? JwtBundle.fromAuthorities(trustDomain, []);
    this.sequenceNumber = parts.sequenceNumber;
    this.refreshHintMs = parts.refreshHintMs;
  }

  /** @throws TypeError: a part is of another trust domain, or a number is out of its range. */
  static of(parts: SpiffeBundleParts): SpiffeBundle {
    const { sequenceNumber, refreshHintMs } = parts;
    if (sequenceNumber !== undefined && !isSequence(sequenceNumber)) {
      throw new TypeError('sequenceNumber: expected a bigint from 0 to 2^64 - 1');
    }
    if (refreshHintMs !== undefined && !isHint(refreshHintMs / 1000)) {
      throw new TypeError('refreshHintMs: expected whole seconds, in milliseconds');
    }
    const bundle = new SpiffeBundle(parts);
    for (const part of [bundle.x509, bundle.jwt]) {
      if (part.trustDomain.equals(parts.trustDomain)) continue;
      throw new TypeError(`a bundle of ${part.trustDomain.name} is no part of one of ${parts.trustDomain.name}`);
    }
    return bundle;
  }

  /**
   * Reads a document. Entries of an unknown "kty" or "use", and those that we cannot or must not use, are left out and
   * given to `report` (§4.2); so is a malformed refresh hint. Members that the standard does not define are ignored.
   *
   * @throws SpiffeError `ERR_SPIFFE_BUNDLE`: not strict JSON, no array "keys", or a malformed "spiffe_sequence".
   */
  static parse(trustDomain: TrustDomain, json: string | Uint8Array, report?: EntryReport): SpiffeBundle {
    return SpiffeBundle.fromDocument(trustDomain, parseDocument(trustDomain, json), report);
  }

  /**
   * As `parse`, of a document that is parsed already, with exact integers.
   *
   * @internal
   */
  static fromDocument(trustDomain: TrustDomain, document: JsonObject, report?: EntryReport): SpiffeBundle {
    const authorities = usableEntries(trustDomain, entriesOf(trustDomain, document), readAuthority, report);
    const certificates = authorities.flatMap((authority) => ('raw' in authority ? [authority] : []));
    const jwtAuthorities = authorities.flatMap((authority) => ('raw' in authority ? [] : [authority]));
    return new SpiffeBundle({
      trustDomain,
      x509: X509Bundle.fromCertificates(trustDomain, certificates),
      jwt: JwtBundle.fromAuthorities(trustDomain, jwtAuthorities),
      sequenceNumber: readSequence(trustDomain, document),
      refreshHintMs: readHint(trustDomain, document, report),
    });
  }

  /**
   * Reads a file that holds a document.
   *
   * @throws as `parse`, and what node:fs throws.
   */
  static async load(trustDomain: TrustDomain, file: string): Promise<SpiffeBundle> {
    return SpiffeBundle.parse(trustDomain, await readBytes(file));
  }

  /** A bundle with other parts of the same trust domain. @throws TypeError as `of`. */
  with(parts: Omit<SpiffeBundleParts, 'trustDomain'>): SpiffeBundle {
    const { trustDomain, x509, jwt, sequenceNumber, refreshHintMs } = this;
    return SpiffeBundle.of({ x509, jwt, sequenceNumber, refreshHintMs, ...parts, trustDomain });
  }

  /** Whether everything is the same, sequence number and refresh hint too. */
  equals(other: SpiffeBundle): boolean {
    return (
      this.x509.equals(other.x509) &&
      this.jwt.equals(other.jwt) &&
      this.sequenceNumber === other.sequenceNumber &&
      this.refreshHintMs === other.refreshHintMs
    );
  }

  /** The document. */
  toJson(): string {
    const keys = [
      ...this.x509.authorities.map((authority) => ({ use: 'x509-svid', ...x509JwkOf(authority) })),
      ...this.jwt.authorities.map((authority) => ({ use: 'jwt-svid', ...jwtJwkOf(authority) })),
    ];
    const members = [`"keys":${JSON.stringify(keys)}`];
    if (this.sequenceNumber !== undefined) members.push(`"spiffe_sequence":${this.sequenceNumber}`);
    if (this.refreshHintMs !== undefined) members.push(`"spiffe_refresh_hint":${this.refreshHintMs / 1000}`);
    return `{${members.join(',')}}`;
  }
}

// §4.2.2: "use" is case-sensitive, and an entry without it is ignored.
function readAuthority(entry: JsonObject): Certificate | JwtAuthority {
  if (entry['use'] === 'x509-svid') return readX509Authority(entry);
  if (entry['use'] === 'jwt-svid') return readJwtAuthority(entry);
  throw unusable('its "use" is neither "x509-svid" nor "jwt-svid"');
}

// §4.1.1
function readSequence(trustDomain: TrustDomain, { spiffe_sequence: value }: JsonObject): bigint | undefined {
  if (value === undefined) return undefined;
  const sequence = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof sequence === 'bigint' && isSequence(sequence)) return sequence;
  throw malformed(trustDomain, 'expected "spiffe_sequence" to be an integer from 0 to 2^64 - 1');
}

// §4.1.2. It only says when to ask again: the keys of the document are not refused for it.
function readHint(
  trustDomain: TrustDomain,
  { spiffe_refresh_hint: value }: JsonObject,
  report: EntryReport | undefined,
): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && isHint(value)) return value * 1000;
  report?.(malformed(trustDomain, '"spiffe_refresh_hint" is not used: expected an integer number of seconds'));
  return undefined;
}

function isSequence(value: bigint): boolean {
  return value >= 0n && value <= largestSequence;
}

function isHint(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds >= 0 && seconds <= longestHintSeconds;
}
