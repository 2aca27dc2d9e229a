// Where a daemon keeps its data and listens when nobody says otherwise: below /run and /var/lib for root, otherwise
// below the user's runtime directory and the working directory.
import { dirname, isAbsolute, join, resolve } from 'node:path';

/** Default places of one daemon. */
export interface DaemonPaths {
  readonly dataDirectory: string;
  /** Server: the admin socket. Agent: that of the Workload API. */
  readonly socket: string;
}

/** Whose defaults are wanted. */
export interface User {
  readonly uid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const sockets = { server: 'server/admin.sock', agent: 'agent/public/api.sock' } as const;

/** The defaults of `daemon` for a user. */
export function defaultPaths(daemon: keyof typeof sockets, user: User): DaemonPaths {
  return { dataDirectory: join(dataFolder(user), daemon), socket: join(runFolder(user), sockets[daemon]) };
}

/** The agent's admin socket, beside the folder of the public one that is the default too. */
export function defaultAgentAdminSocket(user: User): string {
  return adminSocketBeside(defaultPaths('agent', user).socket);
}

/** `…/private/admin.sock` for `…/public/api.sock`. */
export function adminSocketBeside(socket: string): string {
  return join(dirname(socket), '../private/admin.sock');
}

function dataFolder({ uid }: User): string {
  return uid === 0 ? '/var/lib/credence' : resolve('.credence');
}

// XDG_RUNTIME_DIR counts only when absolute (XDG Base Directory, "Basics").
function runFolder(user: User): string {
  if (user.uid === 0) return '/run/credence';
  const runtime = user.env['XDG_RUNTIME_DIR'];
  return runtime !== undefined && isAbsolute(runtime) ? join(runtime, 'credence') : dataFolder(user);
}
