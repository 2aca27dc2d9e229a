// One GET, with limits. A connection is used once and no TLS session is kept: each request checks the server anew.
import { lookup } from 'node:dns';
import { request as requestHttp, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { addressProblem, guardedLookup } from './address.js';

export interface HttpGetOptions {
  /** Of a URL that begins with `https:`. */
  readonly tls: ConnectionOptions;
  /** Besides `accept-encoding: identity`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly maxBytes: number;
  /** Says of an IP address, besides our own rules, why it is refused. */
  readonly refuseAddress?: ((address: string) => string | undefined) | undefined;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Read for status 200 only. */
  readonly body: Buffer;
}

/**
 * @param url `https:` or `http:`; whether the latter will do is the caller's to decide.
 * @throws Error: the network's, TLS's, a refused address, a body that is too large; whatever `signal` is aborted with.
 */
export async function httpGet(url: URL, options: HttpGetOptions): Promise<HttpResponse> {
  const judge = (address: string): string | undefined => addressProblem(address) ?? options.refuseAddress?.(address);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // Node looks only names up.
  const problem = isIP(host) === 0 ? undefined : judge(host);
  if (problem !== undefined) throw new Error(`the address is refused: ${problem}`);
  try {
    const response = await responseTo(url, options, judge);
    const { statusCode: status = 0, headers } = response;
    if (status === 200) return { status, headers, body: await bodyOf(response, options.maxBytes) };
    response.destroy();
    return { status, headers, body: Buffer.alloc(0) };
  } catch (error) {
    options.signal.throwIfAborted();
    throw error;
  }
}

function responseTo(
  url: URL,
  { tls, headers, signal }: HttpGetOptions,
  judge: (address: string) => string | undefined,
): Promise<IncomingMessage> {
  const common = { agent: false, signal, lookup: guardedLookup(lookup, judge) };
  const sent = { 'accept-encoding': 'identity', ...headers };
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === 'https:'
        ? requestHttps(url, { ...tls, ...common, headers: sent })
        : requestHttp(url, { ...common, headers: sent });
    // An answer such as 101 ends the connection without either; after one of them, the end changes nothing.
    const ended = (): void => {
      reject(new Error('the connection ended without an answer'));
    };
    request.on('response', resolve).on('error', reject).on('close', ended).end();
  });
}

async function bodyOf(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    const bytes = chunk as Buffer;
    length += bytes.length;
    if (length > maxBytes) throw new Error(`the body is larger than ${maxBytes} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
