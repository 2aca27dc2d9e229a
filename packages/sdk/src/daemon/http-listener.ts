// The plain HTTP listener for monitors: a fixed set of pages, read only, and nothing that a caller could change.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../runtime/index.js';
import { listen } from './listen.js';
import { Places } from './places.js';

export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface HttpListenerOptions {
  readonly host: string;
  readonly port: number;
  /** By path. */
  readonly pages: ReadonlyMap<string, () => Promise<Page>>;
  readonly log: Logger;
}

// Monitors may all come from one address: whoever else holds connections there makes room.
const mostConnections = { each: Infinity, total: 64 };
const longestRequestMs = 10_000;

/** Listens. @throws `ERR_IN_USE`, `ERR_CONFIG` */
export async function listenHttp({ host, port, pages, log }: HttpListenerOptions): Promise<AsyncDisposable> {
  const server = createServer({ requestTimeout: longestRequestMs, headersTimeout: longestRequestMs });
  const places = new Places(mostConnections);
  server.on('connection', (socket) => {
    places.take(socket, '');
  });
  server.on('request', (request, response) => {
    void answer(request, response, pages, log);
  });
  await listen(server, { host, port }, log);
  const { address, port: actualPort } = server.address() as AddressInfo;
  log.info({ address, port: actualPort, paths: [...pages.keys()] }, 'http listener is ready');
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  pages: HttpListenerOptions['pages'],
  log: Logger,
): Promise<void> {
  try {
    send(response, await pageFor(request, pages));
  } catch (error) {
    log.error({ err: error }, 'http request failed');
    send(response, plain(500, 'internal error'));
  }
}

function pageFor(
  { url = '', method = '' }: IncomingMessage,
  pages: HttpListenerOptions['pages'],
): Promise<Page> | Page {
  const page = pages.get(url.replace(/[?#].*/s, ''));
  if (page === undefined) return plain(404, 'not found');
  return ['GET', 'HEAD'].includes(method) ? page() : plain(405, 'GET and HEAD are accepted');
}

function plain(status: number, text: string): Page {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${text}\n` };
}

function send(response: ServerResponse, { status, contentType, body }: Page): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(status === 405 && { allow: 'GET, HEAD' }),
    'x-content-type-options': 'nosniff',
  });
  // Of a HEAD request Node leaves the body out.
  response.end(body);
}
