// Issues JWT-SVIDs: build, inspect, sign. Synchronous; one call is one token.
import type { Clock, Random } from '@credence/sdk/runtime';
import { serverError } from '../domain/errors.js';
import { randomUuidBytes } from '../domain/uuid.js';
import type { JwtSigningAuthority } from './jwt-authority.js';
import type { IssuedJwtSvid, JwtSvidIssuer, JwtSvidRequest } from './ports.js';
import { isLive } from './rotation-policy.js';
import { inspectJwtSvid } from './rules/jwt-svid.js';
import { signInspectedToken } from './signing/sign-inspected.js';
import { encodeJwtSvid } from './templates/jwt-svid.js';

export interface JwtIssuerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly defaultTtlSeconds: number;
  /** The value of `iss`; undefined: no such claim. */
  readonly issuer: string | undefined;
  /** The active authority. */
  readonly authority: () => JwtSigningAuthority | undefined;
}

/** Signs with whichever authority is active. */
export class JwtIssuer implements JwtSvidIssuer {
  readonly #options: JwtIssuerOptions;

  constructor(options: JwtIssuerOptions) {
    this.#options = options;
  }

  issueJwtSvid({ spiffeId, audience, ttlSeconds, includeTokenId }: JwtSvidRequest): IssuedJwtSvid {
    const { clock, random, issuer, defaultTtlSeconds } = this.#options;
    const now = clock.now();
    const { algorithm, expiresAt: latest, id: keyId, limits, privateKey } = this.#liveAuthority(now);
    const end = now.getTime() + 1000 * (ttlSeconds > 0 ? ttlSeconds : defaultTtlSeconds);
    const issuedAt = wholeSeconds(now.getTime());
    const expiresAt = wholeSeconds(Math.min(end, latest.getTime()));
    const tokenId = includeTokenId ? randomUuidBytes(random).toString('base64url') : undefined;
    const content = { algorithm: algorithm.name, keyId, spiffeId, audience, issuedAt, expiresAt, issuer, tokenId };
    const expected = { subject: spiffeId, issuer, hasTokenId: includeTokenId };
    const inspected = inspectJwtSvid(encodeJwtSvid(content), limits, expected, now);
    return { token: signInspectedToken(inspected, privateKey, algorithm), issuedAt, expiresAt };
  }

  #liveAuthority(now: Date): JwtSigningAuthority {
    const authority = this.#options.authority();
    if (authority !== undefined && isLive(authority, now)) return authority;
    throw serverError(
      'ERR_NOT_READY',
      'there is no active JWT authority: the server is starting, or its last has expired',
    );
  }
}

function wholeSeconds(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}
