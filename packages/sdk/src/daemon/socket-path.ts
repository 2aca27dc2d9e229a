// The path of a Unix socket that is about to be bound: in a folder that is safe, and free, or left behind by a process
// that is gone.
import { lstat, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { sdkError } from '../runtime/error-codes.js';
import { ensureSocketDirectory } from './socket-directory.js';

// unix(7): sun_path has 108 bytes with its NUL.
const longestPathBytes = 107;

/**
 * Makes the folder of an absolute `path` where it is missing, and makes way for a new socket there.
 *
 * @throws ERR_IN_USE when somebody listens there; ERR_CONFIG when the path is too long, names something else than a
 * socket, or is in a folder that others could change.
 */
export async function prepareSocketPath(path: string, directoryMode: number): Promise<void> {
  if (Buffer.byteLength(path) > longestPathBytes) {
    throw sdkError('ERR_CONFIG', `socket_path: ${path} is longer than the ${longestPathBytes} bytes of a Unix socket`);
  }
  await ensureSocketDirectory(dirname(path), directoryMode);
  const found = await lstat(path).catch(absent);
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw sdkError('ERR_CONFIG', `socket_path: ${path} exists and is not a socket; remove it or choose another path`);
  }
  if (await isListening(path)) {
    throw sdkError('ERR_IN_USE', `socket_path: another process listens on ${path}; stop it or choose another path`);
  }
  await rm(path, { force: true });
}

// Only a refused connection proves that nobody listens: a full backlog, for one, is a sign of life.
function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
    });
  });
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
