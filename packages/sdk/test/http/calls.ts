// Requests to a server on loopback: over HTTP/1.1 and HTTP/2 by Node's clients, and written byte by byte.
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { connect as connectHttp2, type IncomingHttpHeaders as Http2Headers } from 'node:http2';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { connect, SpiffeAgent, type MtlsClientOptions } from '@credence/sdk/tls';

export interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders | Http2Headers;
  readonly body: string;
}

export interface Call {
  readonly protocol: 'http/1.1' | 'h2';
  readonly port: number;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
}

/** One request over a connection of its own; without options by a client that has no certificate and checks none. */
export function ask(call: Call, options?: MtlsClientOptions): Promise<Answer> {
  return call.protocol === 'h2' ? askHttp2(call, options) : askHttp1(call, options);
}

async function askHttp1({ port, method, path, headers = {} }: Call, options?: MtlsClientOptions): Promise<Answer> {
  const agent = options === undefined ? new Agent({ rejectUnauthorized: false }) : new SpiffeAgent(options);
  try {
    const sent = request({ host: '127.0.0.1', port, method, path, headers, agent });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return { status: response.statusCode, headers: response.headers, body: await text(response) };
  } finally {
    agent.destroy();
  }
}

async function askHttp2(
  { port, method = 'GET', path = '/', headers }: Call,
  options?: MtlsClientOptions,
): Promise<Answer> {
  const target = { host: '127.0.0.1', port };
  const socket =
    options === undefined
      ? connectTls({ ...target, rejectUnauthorized: false, ALPNProtocols: ['h2'] })
      : await connect({ ...options, ...target, base: { ALPNProtocols: ['h2'] } });
  const session = connectHttp2(`https://127.0.0.1:${port}`, { createConnection: () => socket });
  try {
    const stream = session.request({ ...headers, ':method': method, ':path': path });
    const closed = new AbortController();
    stream.once('close', () => {
      closed.abort();
    });
    const [answer] = (await once(stream, 'response', { signal: closed.signal })) as [Http2Headers];
    return { status: Number(answer[':status']), headers: answer, body: await text(stream) };
  } finally {
    session.close();
    socket.destroy();
  }
}

/** Sends these bytes on a connection of their own and reads until `count` answers are complete or the server hangs up. */
export async function write(
  port: number,
  bytes: string,
  options: MtlsClientOptions,
  count = 1,
): Promise<readonly string[]> {
  const socket = await connect({ ...options, host: '127.0.0.1', port });
  try {
    socket.write(bytes, 'latin1');
    return await answersOn(socket, count);
  } finally {
    socket.destroy();
  }
}

/** Reads whole answers; each has a Content-Length, or is one of Node's own without a body. */
export async function answersOn(socket: TLSSocket, count: number): Promise<readonly string[]> {
  const answers: string[] = [];
  let rest = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    rest += (chunk as Buffer).toString('latin1');
    for (let answer = firstOf(rest); answer !== undefined; answer = firstOf(rest)) {
      answers.push(answer);
      rest = rest.slice(answer.length);
    }
    if (answers.length >= count) break;
  }
  return answers;
}

function firstOf(bytes: string): string | undefined {
  const end = bytes.indexOf('\r\n\r\n') + 4;
  if (end < 4) return undefined;
  const head = bytes.slice(0, end);
  const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
  const isChunked = /^transfer-encoding: chunked/im.test(head);
  const last = isChunked ? bytes.indexOf('0\r\n\r\n', end) + 5 : end + length;
  return last < end || bytes.length < last ? undefined : bytes.slice(0, last);
}

export const statusOf = (answer: string | undefined): number => Number(answer?.split(' ')[1]);
