// Starts a listener, or says why it cannot.
import { chmod } from 'node:fs/promises';
import type { ListenOptions, Server } from 'node:net';
import { sdkError } from '../runtime/error-codes.js';
import type { Logger } from '../runtime/logger.js';
import { prepareSocketPath } from './socket-path.js';

// With Node's default of 511, a burst of connections fails with EAGAIN while the daemon is busy.
const backlog = 4096;

export interface SocketOptions {
  readonly log: Logger;
  /** Absolute. */
  readonly path: string;
  /** Of each folder that has to be made, such as 0o755. */
  readonly directoryMode: number;
  /** Of the socket, such as 0o777. */
  readonly socketMode: number;
}

/**
 * Resolves when the server listens at a path that nobody else can take; a socket that is left over there is replaced.
 *
 * @throws ERR_IN_USE, ERR_CONFIG, or the error of the operating system.
 */
export async function listenOnSocket(
  server: Server,
  { log, path, directoryMode, socketMode }: SocketOptions,
): Promise<void> {
  await prepareSocketPath(path, directoryMode);
  await listen(server, { path }, log);
  await chmod(path, socketMode);
}

/** Resolves when the server listens; what fails afterwards is logged. @throws ERR_IN_USE, ERR_CONFIG */
export function listen(server: Server, where: ListenOptions, log: Logger): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      reject(failure(error, where));
    };
    server.once('error', fail);
    server.listen({ backlog, ...where }, () => {
      server.off('error', fail);
      server.on('error', (error) => {
        log.error({ err: error, ...where }, 'a connection could not be accepted');
      });
      resolve();
    });
  });
}

function failure(error: NodeJS.ErrnoException, { host, port, path }: ListenOptions): Error {
  const place = path ?? `${host ?? ''}:${String(port)}`;
  if (error.code === 'EADDRINUSE') {
    return sdkError('ERR_IN_USE', `${place} is in use by another process`, { cause: error });
  }
  return sdkError('ERR_CONFIG', `cannot listen on ${place}: ${error.message}`, { cause: error });
}
