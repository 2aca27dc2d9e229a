// Verified connections for undici, and so for fetch. undici itself is the user's; only the shape of its connectors counts.
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { systemClock, type Clock } from '../runtime/index.js';
import { checkBase } from './base-options.js';
import { ClientConnections } from './client-connections.js';
import { openVerified } from './open-verified.js';
import { checkClientMode, type ClientOptions } from './options.js';

/** What undici asks a connector for. */
export interface ConnectorTarget {
  readonly hostname: string;
  readonly port: string;
  readonly protocol: string;
  readonly servername?: string;
  readonly localAddress?: string | null;
  /** The connection to a proxy, to be used in place of a new one. */
  readonly httpSocket?: Socket;
}

export type ConnectorCallback = (...result: [null, Socket | TLSSocket] | [Error, null]) => void;

export type SpiffeConnector = (target: ConnectorTarget, callback: ConnectorCallback) => void;

const defaultPort = 443;
// As long as undici's own connectors wait: it sets no limit to others.
const connectTimeoutMs = 10_000;

/**
 * A connector: `new Agent({ connect: spiffeConnector(options) })`, and that agent as `dispatcher` of `fetch`. One
 * dispatcher has one authorizer, because connections are shared. It connects to https only, and to no socket by path; a
 * server has 10 s to prove who it is.
 *
 * An open connection ends as those of `connect` do; `allowH2` needs `base: { ALPNProtocols: ['h2', 'http/1.1'] }`.
 *
 * @throws TypeError for a `base` that decides over identity, or when it is not said which servers are trusted.
 */
export function spiffeConnector(options: ClientOptions): SpiffeConnector {
  checkBase(options.base ?? {});
  checkClientMode(options);
  const connections = new ClientConnections(options);
  return (target, callback) => {
    try {
      const socket = openVerified(options, nodeTarget(target), (opened, accepted) => {
        connections.add(opened, accepted);
      });
      report(socket, options.clock ?? systemClock, callback);
    } catch (error) {
      callback(error instanceof Error ? error : new Error('failed', { cause: error }), null);
    }
  };
}

function nodeTarget({ hostname, port, protocol, servername, localAddress, httpSocket }: ConnectorTarget): object {
  if (protocol !== 'https:') {
    throw new TypeError(`${protocol}//${hostname}: expected https: an identity is proven over TLS only`);
  }
  const host = hostname.replace(/^\[(.*)\]$/, '$1'); // IPv6, as URLs write it.
  return {
    host,
    port: port === '' ? defaultPort : Number(port),
    ...(servername === undefined || servername === '' ? {} : { servername }),
    ...(localAddress === undefined || localAddress === null ? {} : { localAddress }),
    ...(httpSocket === undefined ? {} : { socket: httpSocket }),
  };
}

function report(socket: TLSSocket, clock: Clock, callback: ConnectorCallback): void {
  const settled = new AbortController();
  const fail = (error: Error): void => {
    settled.abort();
    callback(error, null);
  };
  socket.once('error', fail);
  socket.once('secureConnect', () => {
    if (socket.destroyed) return; // The error follows.
    settled.abort();
    socket.off('error', fail);
    callback(null, socket);
  });
  clock.sleep(connectTimeoutMs, { signal: settled.signal, ref: false }).then(
    () => socket.destroy(late()),
    () => undefined,
  );
}

function late(): Error {
  const error = new Error(`the connection was not made and verified within ${connectTimeoutMs} ms`);
  return Object.assign(error, { code: 'ETIMEDOUT' });
}
