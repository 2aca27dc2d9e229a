// The admin Unix socket. Whoever may open it is an administrator: its mode and that of its folder are what guards it.
import { readlinkSync } from 'node:fs';
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
    const credentials = credentialsOf(socket, options);
    connections.open(socket, { kind: 'local', token, ...credentials });
    grpc.inject(socket, String(credentials.uid));
  });
  const sockets = trackSockets(listener);
  await listenOnSocket(listener, { log, path, ...modes });
  return { [Symbol.asyncDispose]: () => shutDown({ listener, sockets, servers: [grpc], clock }) };
}

/** For the audit record only: who could open the socket may use it. */
function credentialsOf(
  socket: Socket,
  { log }: Pick<AdminSocketOptions, 'log'>,
): Omit<LocalConnection, 'kind' | 'token'> {
  try {
    const { uid, gid, pid } = readPeerCredentials(descriptorOf(socket));
    return { uid, gid, pid, path: programOf(pid) };
  } catch (error) {
    log.debug({ err: error }, 'credentials of an admin connection are unknown');
    return { uid: undefined, gid: undefined, pid: undefined, path: undefined };
  }
}

/** Of another user's process the kernel tells only root. */
function programOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined;
  }
}
