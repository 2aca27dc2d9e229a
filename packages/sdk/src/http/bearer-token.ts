// The bearer token of a request (RFC 6750 §2.1): the `Authorization` header and nothing else.
import { sdkError } from '../runtime/index.js';
import type { IncomingRequest } from './caller.js';
import { refusal, type Refusal } from './guard.js';

/**
 * Challenges of RFC 6750 §3, each with the parameter that it asks for at least. The realm names what is wanted.
 */
export const bearerChallenge = {
  missing: 'Bearer realm="JWT-SVID"',
  invalidRequest: 'Bearer realm="JWT-SVID", error="invalid_request"',
  invalidToken: 'Bearer realm="JWT-SVID", error="invalid_token"',
  insufficientScope: 'Bearer realm="JWT-SVID", error="insufficient_scope"',
} as const;

/** The token, or why there is none. */
export function bearerToken(request: IncomingRequest): string | Refusal {
  // RFC 6750 §5.3: a token in a URL is in the logs of everyone on the way.
  if (hasTokenInQuery(request)) return malformed('the query has a parameter access_token; tokens belong in a header');
  const [credentials, ...others] = authorizationOf(request);
  if (credentials === undefined) return missing('the request has no Authorization header');
  if (others.length > 0) return malformed(`the request has ${others.length + 1} Authorization headers; expected one`);
  // RFC 9110 §11.1: the scheme is case-insensitive.
  if (!/^bearer(?: |$)/i.test(credentials)) return missing('the Authorization header is not of the scheme Bearer');
  const token = /^[a-z]+ ([\w.~+/-]+=*)$/i.exec(credentials)?.[1];
  return token ?? refusal(401, unauthenticated('the bearer token is malformed'), bearerChallenge.invalidToken);
}

// Node keeps the first of several in `headers`, and an option joins them; here all are seen.
function authorizationOf({ rawHeaders }: IncomingRequest): readonly string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === 'authorization');
}

function hasTokenInQuery({ url = '' }: IncomingRequest): boolean {
  const start = url.indexOf('?');
  return start >= 0 && new URLSearchParams(url.slice(start)).has('access_token');
}

function missing(problem: string): Refusal {
  return refusal(401, unauthenticated(problem), bearerChallenge.missing);
}

function malformed(problem: string): Refusal {
  return refusal(400, unauthenticated(problem), bearerChallenge.invalidRequest);
}

function unauthenticated(problem: string): Error {
  return sdkError('ERR_SPIFFE_UNAUTHENTICATED', problem);
}
