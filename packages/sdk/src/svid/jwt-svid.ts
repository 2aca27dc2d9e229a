// A JWT-SVID (JWT-SVID §§2–3). The token is a secret for whoever may present it: it never shows when a value is inspected,
// logged or turned into JSON.
import { inspect } from 'node:util';
import type { SpiffeId } from '../spiffeid/index.js';
import { parseToken, type JwtToken } from './jwt-token.js';

/** What a JWT-SVID is asked for. */
export interface JwtSvidParams {
  /** Who it is for, at least one; see JWT-SVID §7.2 before giving several. */
  readonly audience: string | readonly string[];
  /** Which of the workload's identities; absent: the default one. */
  readonly subject?: SpiffeId | string | undefined;
}

export interface FetchJwtSvidOptions {
  readonly signal?: AbortSignal | undefined;
  /** Not one from a cache. */
  readonly fresh?: boolean | undefined;
}

/** Whoever gets JWT-SVIDs of this workload. */
export interface JwtSvidSource {
  fetchJwtSvid(params: JwtSvidParams, options?: FetchJwtSvidOptions): Promise<JwtSvid>;
}

/** An immutable JWT-SVID. */
export class JwtSvid {
  readonly id: SpiffeId;
  /** At least one. */
  readonly audience: readonly string[];
  readonly issuedAt: Date | undefined;
  readonly expiresAt: Date;
  /** All of them, as they are in the token. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** What tells several JWT-SVIDs of one workload apart, if the issuer gave it. */
  readonly hint: string | undefined;
  readonly #token: string;

  private constructor(token: string, parsed: JwtToken, hint: string | undefined) {
    this.id = parsed.id;
    this.audience = parsed.audience;
    this.issuedAt = parsed.issuedAt === undefined ? undefined : toDate(parsed.issuedAt);
    this.expiresAt = toDate(parsed.expiresAt);
    this.claims = parsed.claims;
    this.hint = hint;
    this.#token = token;
  }

  /**
   * Reads a token without checking its signature, its times or whom it is for: for tokens that come from one's own
   * Workload API, and for no others. What a peer presents goes to `verifyJwtSvid`.
   *
   * @throws SpiffeError `ERR_SPIFFE_JWT` with `details.reason`, a JwtReason.
   */
  static parseInsecure(token: string, hint?: string): JwtSvid {
    return new JwtSvid(token, parseToken(token), hint);
  }

  /** Of a token that is parsed, and verified, already. @internal */
  static fromParsed(token: string, parsed: JwtToken): JwtSvid {
    return new JwtSvid(token, parsed, undefined);
  }

  /** The JWS in compact serialization: a secret. */
  get token(): string {
    return this.#token;
  }

  /** Without the token. */
  toJSON(): { id: string; audience: readonly string[]; hint?: string; expiresAt: string } {
    return {
      id: this.id.toString(),
      audience: this.audience,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      expiresAt: this.expiresAt.toISOString(),
    };
  }

  [inspect.custom](): string {
    return `JwtSvid ${inspect(this.toJSON())}`;
  }
}

function toDate(seconds: number): Date {
  return new Date(seconds * 1000);
}
