// What a JWT-SVID says, read from its text (JWT-SVID §§2–5.1): the header and the claims of a token that is well formed.
// Whether it is genuine, and for us, verifyJwtSvid says.
import { inspect } from 'node:util';
import { decodeBase64Url, isJsonObject, parseJson, type JsonObject } from '../json/index.js';
import { isJwsAlgorithm, jwsAlgorithms, type JwsAlgorithm } from '../keys/index.js';
import { isSpiffeError } from '../runtime/index.js';
import { SpiffeId } from '../spiffeid/index.js';
import { jwtRefused } from './jwt-refusal.js';

/** The parts of a token that are checked and of the right type; times in seconds since 1970. */
export interface JwtToken {
  readonly algorithm: JwsAlgorithm;
  readonly keyId: string | undefined;
  readonly id: SpiffeId;
  readonly audience: readonly string[];
  readonly expiresAt: number;
  readonly notBefore: number | undefined;
  readonly issuedAt: number | undefined;
  readonly claims: JsonObject;
}

const longestToken = 64 * 1024;
const mostAudiences = 32;
/** The last second of the year 9999, where the notations of time end. */
const lastTime = 253_402_300_799;
const headerNames: ReadonlySet<string> = new Set(['alg', 'kid', 'typ']);

/** @throws SpiffeError `ERR_SPIFFE_JWT` */
export function parseToken(token: string): JwtToken {
  const [header, payload] = split(token);
  const { algorithm, keyId } = readHeader(parsePart(header, 'header')); // JWT-SVID §4: before anything else
  const claims = parsePart(payload, 'payload');
  return {
    algorithm,
    keyId,
    id: readSubject(claims),
    audience: readAudience(claims),
    expiresAt: readExpiry(claims),
    notBefore: readTime(claims, 'nbf'),
    issuedAt: readTime(claims, 'iat'),
    claims: Object.freeze(claims),
  };
}

// JWT-SVID §5.1: compact serialization only.
function split(token: unknown): readonly [header: string, payload: string] {
  if (typeof token !== 'string') throw jwtRefused('malformed', 'is not a string');
  if (token.length > longestToken) throw jwtRefused('malformed', `is longer than ${longestToken} characters`);
  const [header, payload, signature, ...others] = token.split('.', 4);
  if (header === undefined || payload === undefined || signature === undefined || others.length > 0) {
    throw jwtRefused('malformed', 'is not a JWS in compact serialization: expected three parts (JWT-SVID §5.1)');
  }
  // RFC 7515 §2; of an unsigned token the algorithm is refused.
  if (decodeBase64Url(signature) === undefined) throw jwtRefused('malformed', 'has a signature that is not base64url');
  return [header, payload];
}

function parsePart(part: string, what: string): JsonObject {
  const bytes = decodeBase64Url(part);
  if (bytes === undefined) throw jwtRefused('malformed', `has a ${what} that is not base64url (RFC 7515 §2)`);
  try {
    const value = parseJson(bytes, { maxLength: longestToken });
    if (isJsonObject(value)) return value;
  } catch (cause) {
    if (!isSpiffeError(cause)) throw cause;
    throw jwtRefused('malformed', `has a ${what} that is refused: ${cause.message}`, cause);
  }
  throw jwtRefused('malformed', `has a ${what} that is no JSON object (RFC 7519 §7.2)`);
}

function readHeader(header: JsonObject): { algorithm: JwsAlgorithm; keyId: string | undefined } {
  const { alg: algorithm, typ: type, kid: keyId } = header;
  // JWT-SVID §2.1
  if (!isJwsAlgorithm(algorithm)) {
    throw jwtRefused('algorithm', `has the "alg" ${shown(algorithm)}; accepted are ${jwsAlgorithms.join(', ')}`);
  }
  // JWT-SVID §2.3
  if (type !== undefined && type !== 'JWT' && type !== 'JOSE') {
    throw jwtRefused('type', `has the "typ" ${shown(type)}; accepted are none, "JWT" and "JOSE" (JWT-SVID §2.3)`);
  }
  // JWT-SVID §2.2
  if (keyId !== undefined && (typeof keyId !== 'string' || keyId === '')) {
    throw jwtRefused('key-id', 'has a "kid" that is not a non-empty string');
  }
  // JWT-SVID §2: nothing else, so that neither "crit" nor a key that the token brings along is ever interpreted.
  const other = Object.keys(header).find((name) => !headerNames.has(name));
  if (other !== undefined) throw jwtRefused('header', `has the header parameter ${shown(other)} (JWT-SVID §2)`);
  return { algorithm, keyId };
}

// JWT-SVID §3.1
function readSubject({ sub }: JsonObject): SpiffeId {
  if (typeof sub !== 'string') throw jwtRefused('subject', 'has no "sub" (JWT-SVID §3.1)');
  const id = parseId(sub);
  // The ID without a path is the trust domain's own, and no workload's (SPIFFE-ID §2.2).
  if (id.path === '') throw jwtRefused('subject', 'has the ID of a trust domain, without a path, as "sub"');
  return id;
}

function parseId(sub: string): SpiffeId {
  try {
    return SpiffeId.parse(sub);
  } catch (cause) {
    throw jwtRefused('subject', `has a "sub" that is refused: ${cause instanceof Error ? cause.message : ''}`, cause);
  }
}

// JWT-SVID §3.2, RFC 7519 §4.1.3: a string, or an array of strings.
function readAudience({ aud }: JsonObject): readonly string[] {
  const audience: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (audience.length === 0 || !audience.every((one) => typeof one === 'string' && one !== '')) {
    throw jwtRefused('audience', 'has no "aud", or one that is not of non-empty strings (JWT-SVID §3.2)');
  }
  if (audience.length > mostAudiences) throw jwtRefused('audience', `has more than ${mostAudiences} audiences`);
  return Object.freeze(audience as readonly string[]);
}

// JWT-SVID §3.3
function readExpiry(claims: JsonObject): number {
  const expiresAt = readTime(claims, 'exp');
  if (expiresAt === undefined) throw jwtRefused('malformed', 'has no "exp" (JWT-SVID §3.3)');
  return expiresAt;
}

// RFC 7519 §2, NumericDate: a number of seconds, which need not be whole.
function readTime(claims: JsonObject, name: 'exp' | 'nbf' | 'iat'): number | undefined {
  const value = claims[name];
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Math.abs(value) <= lastTime) return value;
  throw jwtRefused('malformed', `has an "${name}" that is not a number of seconds up to the year 9999`);
}

function shown(value: unknown): string {
  return inspect(typeof value === 'string' ? value.slice(0, 100) : value, { depth: 0, breakLength: Infinity });
}
