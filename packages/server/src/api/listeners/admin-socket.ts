// The admin Unix socket. Whoever may open it is an administrator: its mode and that of its folder are what guards it.
import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { prepareSocketDirectory, readPeerCredentials } from '@credence/sdk/daemon';
import { serverError } from '../../domain/errors.js';
import type { LocalConnection } from '../caller.js';
import { InjectedServer, type InjectedServerOptions } from './injected-server.js';
import { listen } from './listen.js';
import { trackSockets } from './sockets.js';

export interface AdminSocketOptions extends Omit<InjectedServerOptions, 'maxConnectionAgeMs'> {
  readonly path: string;
}

const directoryMode = 0o750;
const socketMode = 0o770;

/** Listens; a socket that nobody serves any more is replaced. @throws `ERR_IN_USE`, `ERR_CONFIG` */
export async function listenAdmin(options: AdminSocketOptions): Promise<AsyncDisposable> {
  const { path, connections } = options;
  await prepareSocketDirectory(path, directoryMode);
  await removeStale(path);
  const grpc = new InjectedServer({ ...options, maxConnectionAgeMs: 0 });
  // Never pauseOnConnect: an injected socket that is paused stays so.
  const server = createServer((socket) => {
    const token = connections.nextToken('local');
    connections.open(socket, { kind: 'local', token, ...credentialsOf(socket, options) });
    grpc.inject(socket);
  });
  const sockets = trackSockets(server);
  await listen(server, { path });
  await chmod(path, socketMode);
  return { [Symbol.asyncDispose]: () => grpc.shutDown(server, sockets) };
}

async function removeStale(path: string): Promise<void> {
  const stats = await lstat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (stats === undefined) return;
  if (!stats.isSocket())
    throw serverError('ERR_CONFIG', `${path} is there and is no socket: remove it, or set another`);
  if (await isServed(path)) throw serverError('ERR_IN_USE', `the admin socket ${path} belongs to a running server`);
  await unlink(path);
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      // A full queue is a server too.
      else if (error.code === 'EAGAIN') resolve(true);
      else reject(serverError('ERR_CONFIG', `cannot look at the socket ${path}: ${error.message}`, { cause: error }));
    });
  });
}

/** For the audit record only: who could open the socket may use it. */
function credentialsOf(socket: Socket, { log }: Pick<AdminSocketOptions, 'log'>): Pick<LocalConnection, 'uid' | 'pid'> {
  try {
    const { uid, pid } = readPeerCredentials(fileDescriptor(socket));
    return { uid, pid };
  } catch (error) {
    log.debug({ err: error }, 'credentials of an admin connection are unknown');
    return { uid: undefined, pid: undefined };
  }
}

function fileDescriptor(socket: Socket): number {
  const handle = (socket as Socket & { readonly _handle?: { readonly fd?: number } | null })._handle;
  return handle?.fd ?? -1;
}
