// The admin Unix socket. Whoever may open it is an administrator: its mode and that of its folder are what guards it.
import { createServer, type Socket } from 'node:net';
import type { Clock } from '@credence/sdk/runtime';
import { descriptorOf, listenOnSocket, readPeerCredentials, trackSockets } from '@credence/sdk/daemon';
import type { LocalConnection } from '../caller.js';
import { InjectedServer, type InjectedServerOptions } from './injected-server.js';
import { shutDown } from './shut-down.js';

export interface AdminSocketOptions extends Omit<InjectedServerOptions, 'limits' | 'intake'> {
  readonly path: string;
  readonly clock: Clock;
}

const limits = { maxMessageBytes: 4 * 1024 * 1024, maxStreams: 100 };
const modes = { directoryMode: 0o750, socketMode: 0o770 };

/** Listens; a socket that nobody serves any more is replaced. @throws `ERR_IN_USE`, `ERR_CONFIG` */
export async function listenAdmin(options: AdminSocketOptions): Promise<AsyncDisposable> {
  const { clock, log, path, connections } = options;
  const grpc = new InjectedServer({ ...options, limits });
  // Never pauseOnConnect: an injected socket that is paused stays so.
  const listener = createServer((socket) => {
    const token = connections.nextToken('local');
    connections.open(socket, { kind: 'local', token, ...credentialsOf(socket, options) });
    grpc.inject(socket);
  });
  const sockets = trackSockets(listener);
  await listenOnSocket(listener, { log, path, ...modes });
  return { [Symbol.asyncDispose]: () => shutDown({ listener, sockets, servers: [grpc], clock }) };
}

/** For the audit record only: who could open the socket may use it. */
function credentialsOf(socket: Socket, { log }: Pick<AdminSocketOptions, 'log'>): Pick<LocalConnection, 'uid' | 'pid'> {
  try {
    const { uid, pid } = readPeerCredentials(descriptorOf(socket));
    return { uid, pid };
  } catch (error) {
    log.debug({ err: error }, 'credentials of an admin connection are unknown');
    return { uid: undefined, pid: undefined };
  }
}
