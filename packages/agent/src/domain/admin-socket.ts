// Workloads are given the folder of the public socket, whole: the admin socket must not come with it.
import { dirname, isAbsolute, relative, sep } from 'node:path';
import { sdkError } from '@credence/sdk/runtime';

/**
 * Both paths are absolute; neither needs to exist.
 *
 * @throws ERR_CONFIG when the admin socket is in the folder of the public one, or below it.
 */
export function checkAdminSocket(adminSocketPath: string, socketPath: string): void {
  const folder = dirname(socketPath);
  const way = relative(folder, dirname(adminSocketPath));
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) return;
  const rule = 'a folder that no workload sees, such as one beside it, is accepted';
  throw sdkError('ERR_CONFIG', `admin_socket_path: ${adminSocketPath} is in ${folder}, where socket_path is; ${rule}`);
}
