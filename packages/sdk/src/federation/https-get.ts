// One GET over TLS, with limits. A connection is used once and no session is kept: each fetch checks the endpoint anew.
import { lookup } from 'node:dns';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { addressProblem, guardedLookup } from './address.js';

export interface HttpsGetOptions {
  readonly tls: ConnectionOptions;
  readonly maxBytes: number;
  /** Says of an IP address, besides our own rules, why it is refused. */
  readonly refuseAddress: ((address: string) => string | undefined) | undefined;
  readonly signal: AbortSignal;
}

export interface HttpsResponse {
  readonly status: number;
  /** The header `Location`. */
  readonly location: string | undefined;
  /** Read for status 200 only. */
  readonly body: Buffer;
}

/** @throws Error: the network's, TLS's, a refused address, a body that is too large; whatever `signal` is aborted with. */
export async function httpsGet(url: URL, options: HttpsGetOptions): Promise<HttpsResponse> {
  const judge = (address: string): string | undefined => addressProblem(address) ?? options.refuseAddress?.(address);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // Node looks only names up.
  const problem = isIP(host) === 0 ? undefined : judge(host);
  if (problem !== undefined) throw new Error(`the address is refused: ${problem}`);
  try {
    const response = await responseTo(url, options, judge);
    const { statusCode: status = 0, headers } = response;
    if (status === 200) return { status, location: undefined, body: await bodyOf(response, options.maxBytes) };
    response.destroy();
    return { status, location: headers.location, body: Buffer.alloc(0) };
  } catch (error) {
    options.signal.throwIfAborted();
    throw error;
  }
}

function responseTo(
  url: URL,
  { tls, signal }: HttpsGetOptions,
  judge: (address: string) => string | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, {
      ...tls,
      agent: false,
      signal,
      lookup: guardedLookup(lookup, judge),
      headers: { accept: 'application/json', 'accept-encoding': 'identity' },
    })
      .on('response', resolve)
      .on('error', reject)
      .end();
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
