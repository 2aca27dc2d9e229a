// A fetch that says who we are: each request brings a JWT-SVID (JWT-SVID §5.2), over connections that keep it secret
// (JWT-SVID §7.3).
import { audiences, type JwtSvidParams, type JwtSvidSource } from '../svid/index.js';

export interface WithJwtSvidOptions {
  /** Whether `http:` to this machine (127.0.0.0/8, ::1, localhost) is let through. Default false. */
  readonly allowLoopbackHttp?: boolean | undefined;
}

/**
 * Wraps a `fetch` so that each request carries `Authorization: Bearer <JWT-SVID>`. A request that has an `Authorization`
 * header of its own is left alone. After a 401 it is sent once more with a fresh token, if its body can be sent again: a
 * stream, or the body of a `Request`, cannot.
 *
 * `fetch` must keep to the Fetch standard, which takes the header off a redirect to another origin (§4.4, HTTP-redirect
 * fetch); Node's own and undici's do.
 *
 * The result throws a TypeError for a URL that is not https, what `source` throws, and what `fetch` throws.
 *
 * @throws TypeError without an audience.
 */
export function withJwtSvid<F extends (input: never, init?: never) => Promise<unknown>>(
  fetch: F,
  source: JwtSvidSource,
  params: JwtSvidParams,
  options: WithJwtSvidOptions = {},
): F {
  audiences(params.audience);
  const send = fetch as unknown as typeof globalThis.fetch;
  const wrapped: typeof globalThis.fetch = async (input, init = {}) => {
    const headers = new Headers(init.headers ?? (isRequest(input) ? input.headers : undefined));
    if (headers.has('authorization')) return send(input, init);
    const { origin } = checkedUrl(input, options);
    const signal = init.signal ?? (isRequest(input) ? input.signal : undefined);
    const sendWith = (token: string): Promise<Response> => {
      headers.set('authorization', `Bearer ${checkedToken(token)}`);
      return send(input, { ...init, headers });
    };
    const { token } = await source.fetchJwtSvid(params, { signal });
    const response = await sendWith(token);
    if (response.status !== 401 || !isFrom(origin, response) || !canBeSentAgain(input, init)) return response;
    const { token: fresh } = await source.fetchJwtSvid(params, { signal, fresh: true });
    if (fresh === token) return response;
    await response.body?.cancel();
    return sendWith(fresh);
  };
  return wrapped as unknown as F;
}

// By shape: the Request of another copy of undici is not an instance of the global one.
function isRequest(input: string | URL | Request): input is Request {
  return typeof input === 'object' && 'headers' in input;
}

/** @throws TypeError for a URL over which a token would not be secret. */
function checkedUrl(input: string | URL | Request, { allowLoopbackHttp = false }: WithJwtSvidOptions): URL {
  const url = new URL(isRequest(input) ? input.url : input);
  if (url.protocol === 'https:') return url;
  if (allowLoopbackHttp && url.protocol === 'http:' && isLoopback(url.hostname)) return url;
  throw new TypeError(`withJwtSvid: a JWT-SVID is not sent to ${url.origin}: expected an https URL`);
}

// As WHATWG URL writes them.
function isLoopback(hostname: string): boolean {
  return /^(?:127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(hostname);
}

// Headers would show a value that it refuses in its error.
function checkedToken(token: string): string {
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) throw new TypeError('withJwtSvid: the source has no compact JWS');
  return token;
}

// After a redirect elsewhere our token was not seen, and a fresh one would not be either.
function isFrom(origin: string, { redirected, url }: Response): boolean {
  return !redirected || new URL(url).origin === origin;
}

function canBeSentAgain(input: string | URL | Request, { body }: RequestInit): boolean {
  if (body === undefined || body === null) return !isRequest(input) || input.body === null;
  return (
    typeof body === 'string' ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body) ||
    body instanceof Blob ||
    body instanceof URLSearchParams ||
    body instanceof FormData
  );
}
