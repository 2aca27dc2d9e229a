// The profile of a JWT-SVID (JWT-SVID §§2, 3), checked on the very text that is about to be signed.
import { SpiffeId, type TrustDomain } from '@credence/sdk/spiffeid';
import { checkWorkload } from '../../domain/id-class.js';
import { breachOfToken } from './breach.js';
import type { InspectedToken } from './inspected.js';

/** What an authority may sign. */
export interface JwtSvidLimits {
  readonly trustDomain: TrustDomain;
  /** The value of `alg` that goes with the authority's key. */
  readonly algorithm: string;
  readonly keyId: string;
  /** When the authority expires. */
  readonly latest: Date;
}

/** What the token was asked to say. */
export interface ExpectedClaims {
  readonly subject: SpiffeId;
  /** The configured value of `iss`. */
  readonly issuer: string | undefined;
  readonly hasTokenId: boolean;
}

/**
 * Inspects a JWS Signing Input.
 *
 * @throws `ERR_PROFILE`
 */
export function inspectJwtSvid(
  signingInput: string,
  limits: JwtSvidLimits,
  expected: ExpectedClaims,
  now: Date,
): InspectedToken {
  const [header = '', payload = '', ...rest] = signingInput.split('.');
  if (rest.length > 0) throw breachOfToken('it has more than a header and a payload');
  checkHeader(decodePart(header), limits);
  const claims = parseClaims(decodePart(payload));
  checkClaimNames(claims, expected);
  checkSubject(claims['sub'], limits.trustDomain, expected.subject);
  checkAudience(claims['aud']);
  checkTimes(claims, limits.latest, now);
  if (claims['iss'] !== expected.issuer) throw breachOfToken('iss is not the configured issuer');
  return signingInput as InspectedToken;
}

// JWT-SVID §2: alg, kid and typ, and nothing else.
function checkHeader(text: string, { algorithm, keyId }: JwtSvidLimits): void {
  if (text !== `{"alg":"${algorithm}","kid":"${keyId}","typ":"JWT"}`) {
    throw breachOfToken("the header is not alg, kid and typ of the authority's key (JWT-SVID §2)");
  }
}

function parseClaims(text: string): Readonly<Record<string, unknown>> {
  let claims: unknown;
  try {
    claims = JSON.parse(text);
  } catch {
    throw breachOfToken('the payload is not JSON');
  }
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) {
    throw breachOfToken('the payload is not a JSON object (RFC 7519 §7.1)');
  }
  // RFC 7519 §4: names are unique; a parser keeps one of two, so the text would come back changed.
  if (JSON.stringify(claims) !== text) throw breachOfToken('the payload does not come back as it was');
  return claims as Readonly<Record<string, unknown>>;
}

function checkClaimNames(claims: Readonly<Record<string, unknown>>, { issuer, hasTokenId }: ExpectedClaims): void {
  const names = ['aud', 'exp', 'iat', ...(issuer === undefined ? [] : ['iss']), ...(hasTokenId ? ['jti'] : []), 'sub'];
  if (Object.keys(claims).join() !== names.join()) throw breachOfToken(`the claims are not ${names.join(', ')}`);
  const { jti } = claims;
  if (hasTokenId && (typeof jti !== 'string' || !/^[\w-]{22}$/.test(jti))) {
    throw breachOfToken('jti is not 16 bytes in base64url');
  }
}

// JWT-SVID §3.1: the SPIFFE ID of a workload, here never that of the server or an agent.
function checkSubject(subject: unknown, trustDomain: TrustDomain, expected: SpiffeId): void {
  if (typeof subject !== 'string' || subject !== expected.toString()) {
    throw breachOfToken('sub is not the SPIFFE ID that was asked for (JWT-SVID §3.1)');
  }
  try {
    checkWorkload(SpiffeId.parse(subject), trustDomain);
  } catch (error) {
    throw breachOfToken(`sub: ${(error as Error).message} (JWT-SVID §3.1)`, error);
  }
}

// JWT-SVID §3.2: at least one value.
function checkAudience(audience: unknown): void {
  const isList = Array.isArray(audience) && audience.length > 0;
  if (!isList || !audience.every((value) => typeof value === 'string' && value !== '')) {
    throw breachOfToken('aud is not a list of one or more texts (JWT-SVID §3.2)');
  }
}

// JWT-SVID §3.3: exp is set; RFC 7519 §§4.1.4, 4.1.6.
function checkTimes(claims: Readonly<Record<string, unknown>>, latest: Date, now: Date): void {
  const { exp, iat } = claims;
  if (!Number.isSafeInteger(exp) || !Number.isSafeInteger(iat)) throw breachOfToken('exp or iat is not a whole number');
  const [expiresAtMs, issuedAtMs] = [Number(exp) * 1000, Number(iat) * 1000];
  if (issuedAtMs > now.getTime()) throw breachOfToken('iat lies in the future');
  if (expiresAtMs <= now.getTime()) throw breachOfToken('exp does not lie in the future (JWT-SVID §3.3)');
  if (expiresAtMs > latest.getTime()) throw breachOfToken(`exp is later than ${latest.toISOString()}`);
}

function decodePart(part: string): string {
  const bytes = Buffer.from(part, 'base64url');
  // RFC 7515 §2: base64url without padding, and only one spelling of it.
  if (part === '' || bytes.toString('base64url') !== part) throw breachOfToken('a part is not base64url');
  return bytes.toString('utf8');
}
