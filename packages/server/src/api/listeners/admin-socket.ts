// The admin Unix socket. Whoever may open it is an administrator: its mode and that of its folder are what guards it.
import { createServer, type Socket } from 'node:net';
import { descriptorOf, listenOnSocket, readPeerCredentials, trackSockets } from '@credence/sdk/daemon';
import type { LocalConnection } from '../caller.js';
import { InjectedServer, type InjectedServerOptions } from './injected-server.js';

export interface AdminSocketOptions extends Omit<InjectedServerOptions, 'maxConnectionAgeMs'> {
  readonly path: string;
}

const modes = { directoryMode: 0o750, socketMode: 0o770 };

/** Listens; a socket that nobody serves any more is replaced. @throws `ERR_IN_USE`, `ERR_CONFIG` */
export async function listenAdmin(options: AdminSocketOptions): Promise<AsyncDisposable> {
  const { log, path, connections } = options;
  const grpc = new InjectedServer({ ...options, maxConnectionAgeMs: 0 });
  // Never pauseOnConnect: an injected socket that is paused stays so.
  const server = createServer((socket) => {
    const token = connections.nextToken('local');
    connections.open(socket, { kind: 'local', token, ...credentialsOf(socket, options) });
    grpc.inject(socket);
  });
  const sockets = trackSockets(server);
  await listenOnSocket(server, { log, path, ...modes });
  return { [Symbol.asyncDispose]: () => grpc.shutDown(server, sockets) };
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
