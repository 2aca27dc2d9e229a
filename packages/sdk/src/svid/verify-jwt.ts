// Verification of a JWT-SVID (JWT-SVID §4): against the JWT bundle of the trust domain that its subject claims, and no
// other, for an audience that is ours.
import type { KeyObject } from 'node:crypto';
import { inspect } from 'node:util';
import type { compactVerify as CompactVerify } from 'jose/jws/compact/verify';
import type { JwtBundle, JwtBundleSource } from '../bundle/index.js';
import { fitsJwsAlgorithm } from '../keys/index.js';
import { isSpiffeError, systemClock } from '../runtime/index.js';
import type { TrustDomain } from '../spiffeid/index.js';
import { audiences } from './audience.js';
import { jwtRefused } from './jwt-refusal.js';
import { JwtSvid } from './jwt-svid.js';
import { parseToken, type JwtToken } from './jwt-token.js';

export interface VerifyJwtSvidOptions {
  /** Ours: the token must be for at least one of them (JWT-SVID §3.2). */
  readonly audience: string | readonly string[];
  /** Default: the clock of the machine. */
  readonly now?: Date | undefined;
  /** How far the issuer's clock may be off, in seconds, 300 at most. Default: 60. */
  readonly clockToleranceSeconds?: number | undefined;
  /**
   * Refuse a token that does not name its key. The standard leaves "kid" to the issuer (JWT-SVID §2.2); of a token
   * without one, up to 20 keys of its bundle are tried.
   */
  readonly requireKeyId?: boolean | undefined;
}

const mostTolerance = 300;
/** As for X.509-SVIDs: whoever sends the token must not decide how long it takes. */
const mostSignatureChecks = 20;

/**
 * Verifies a token in compact serialization.
 *
 * @throws SpiffeError `ERR_SPIFFE_JWT` with `details.reason`, a JwtReason; and what `bundles` throws other than
 * `ERR_SPIFFE_NO_BUNDLE`. TypeError: no audience, or a tolerance out of range.
 */
export async function verifyJwtSvid(
  token: string,
  bundles: JwtBundleSource,
  options: VerifyJwtSvidOptions,
): Promise<JwtSvid> {
  const accepted = audiences(options.audience);
  const tolerance = toleranceOf(options);
  const parsed = parseToken(token); // JWT-SVID §§2–3
  checkAudience(parsed, accepted); // JWT-SVID §3.2
  checkTimes(parsed, (options.now ?? systemClock.now()).getTime() / 1000, tolerance); // JWT-SVID §3.3
  checkKeyId(parsed, options);
  const bundle = bundleOf(parsed.id.trustDomain, bundles); // SPIFFE Trust Domain and Bundle §3
  await checkSignature(token, parsed, candidates(parsed, bundle)); // JWT-SVID §4
  return JwtSvid.fromParsed(token, parsed);
}

function toleranceOf({ clockToleranceSeconds = 60 }: VerifyJwtSvidOptions): number {
  if (clockToleranceSeconds >= 0 && clockToleranceSeconds <= mostTolerance) return clockToleranceSeconds;
  throw new TypeError(`clockToleranceSeconds: expected a number from 0 to ${mostTolerance}`);
}

function checkAudience({ audience }: JwtToken, accepted: readonly string[]): void {
  if (accepted.some((one) => audience.includes(one))) return;
  throw jwtRefused('audience', `is for none of ${inspect(accepted)} (JWT-SVID §3.2)`);
}

// Each says what must hold, so that an instant that is no number is refused.
function checkTimes({ expiresAt, notBefore, issuedAt }: JwtToken, now: number, tolerance: number): void {
  // RFC 7519 §4.1.4: not on or after this time.
  if (!(now - tolerance < expiresAt)) throw jwtRefused('expired', `expired at ${iso(expiresAt)}`);
  // RFC 7519 §4.1.5
  if (notBefore !== undefined && !(now + tolerance >= notBefore)) {
    throw jwtRefused('not-yet-valid', `is not valid before ${iso(notBefore)}`);
  }
  // RFC 7519 §4.1.6 leaves it open; no issuer whose clock we can rely on has issued it.
  if (issuedAt !== undefined && !(now + tolerance >= issuedAt)) {
    throw jwtRefused('not-yet-valid', `was issued in the future, at ${iso(issuedAt)}`);
  }
}

function checkKeyId({ keyId }: JwtToken, { requireKeyId = false }: VerifyJwtSvidOptions): void {
  if (requireKeyId && keyId === undefined) throw jwtRefused('key-id', 'has no "kid", which is required here');
}

function bundleOf(trustDomain: TrustDomain, bundles: JwtBundleSource): JwtBundle {
  const bundle = bundleFrom(trustDomain, bundles);
  // A source that answers with any bundle that it has must not make one trust domain vouch for another.
  if (bundle.trustDomain.equals(trustDomain)) return bundle;
  throw jwtRefused('no-bundle', `cannot be verified: the source gave the bundle of ${bundle.trustDomain.name}`);
}

function bundleFrom(trustDomain: TrustDomain, bundles: JwtBundleSource): JwtBundle {
  try {
    return bundles.getJwtBundleForTrustDomain(trustDomain);
  } catch (cause) {
    if (!isSpiffeError(cause, 'ERR_SPIFFE_NO_BUNDLE')) throw cause;
    throw jwtRefused('no-bundle', `cannot be verified: ${cause.message}`, cause);
  }
}

// JWT-SVID §2.2: without a key ID every key of the bundle may be the one. The algorithm is bound to the key, whatever the
// token says (RFC 8725 §3.1).
function candidates({ keyId, algorithm }: JwtToken, { authorities }: JwtBundle): readonly KeyObject[] {
  const named = authorities.filter((authority) => keyId === undefined || authority.keyId === keyId);
  if (named.length === 0) throw jwtRefused('unknown-authority', 'is signed by no key of its trust domain');
  const fitting = named.filter(
    ({ algorithm: only = algorithm, publicKey }) => only === algorithm && fitsJwsAlgorithm(publicKey, algorithm),
  );
  if (fitting.length === 0) throw jwtRefused('algorithm', `has an "alg" that does not fit the key: ${algorithm}`);
  return fitting.slice(0, mostSignatureChecks).map(({ publicKey }) => publicKey);
}

let verifier: Promise<{ readonly compactVerify: typeof CompactVerify }> | undefined;

// Loaded with the first token: it takes Web Crypto along, which programs without JWT-SVIDs do not need.
function loadVerifier(): Promise<{ readonly compactVerify: typeof CompactVerify }> {
  return (verifier ??= import('jose/jws/compact/verify'));
}

async function checkSignature(token: string, { algorithm }: JwtToken, keys: readonly KeyObject[]): Promise<void> {
  const { compactVerify } = await loadVerifier();
  let first: unknown;
  for (const key of keys) {
    try {
      await compactVerify(token, key, { algorithms: [algorithm] });
      return;
    } catch (error) {
      first ??= error;
    }
  }
  throw jwtRefused('signature', 'has a signature that no key of its trust domain made', first);
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
