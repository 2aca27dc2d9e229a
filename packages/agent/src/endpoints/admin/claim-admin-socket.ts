// Whether the admin socket can be had, and is out of reach of those who are given the public one.
import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { prepareSocketPath } from '@credence/sdk/daemon';
import { checkAdminSocket } from '../../domain/admin-socket.js';
import { directoryMode } from '../peer/listener.js';

/**
 * Finds out, without serving yet, whether the admin socket can be had. The folder of the public one is there.
 *
 * @throws ERR_IN_USE; ERR_CONFIG, also when symbolic links lead to the folder of the public socket, or below it.
 */
export async function claimAdminSocket(adminSocketPath: string, socketPath: string): Promise<void> {
  checkAdminSocket(adminSocketPath, socketPath);
  await prepareSocketPath(adminSocketPath, directoryMode);
  checkAdminSocket(await real(adminSocketPath), await real(socketPath));
}

async function real(path: string): Promise<string> {
  return join(await realpath(dirname(path)), basename(path));
}
