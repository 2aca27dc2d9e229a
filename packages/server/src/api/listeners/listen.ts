// Starts a listener, or says why it cannot.
import type { ListenOptions, Server } from 'node:net';
import { serverError } from '../../domain/errors.js';

/** Resolves when the server listens. @throws `ERR_IN_USE`, `ERR_CONFIG` */
export function listen(server: Server, where: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      reject(asServerError(error, where));
    };
    server.once('error', fail);
    server.listen({ backlog: 4096, ...where }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

function asServerError(error: NodeJS.ErrnoException, { host, port, path }: ListenOptions): Error {
  const place = path ?? `${host ?? ''}:${String(port)}`;
  if (error.code === 'EADDRINUSE') {
    return serverError('ERR_IN_USE', `${place} is in use by another process`, { cause: error });
  }
  return serverError('ERR_CONFIG', `cannot listen on ${place}: ${error.message}`, { cause: error });
}
