// Where a daemon keeps its data and listens when nobody says otherwise: below /run and /var/lib for root, otherwise
// below the user's runtime directory and the working directory.
import { isAbsolute, join, resolve } from 'node:path';

/** Default places of one daemon. */
export interface DaemonPaths {
  readonly dataDirectory: string;
  /** Server: the admin socket. Agent: that of the Workload API. */
  readonly socket: string;
}

const sockets = { server: 'server/admin.sock', agent: 'agent/public/api.sock' } as const;

/** The defaults of `daemon` for a user. XDG_RUNTIME_DIR counts only when absolute (XDG Base Directory, "Basics"). */
export function defaultPaths(
  daemon: keyof typeof sockets,
  { uid, env }: { readonly uid: number; readonly env: Readonly<Record<string, string | undefined>> },
): DaemonPaths {
  if (uid === 0) {
    return { dataDirectory: join('/var/lib/credence', daemon), socket: join('/run/credence', sockets[daemon]) };
  }
  const data = resolve('.credence');
  const runtime = env['XDG_RUNTIME_DIR'];
  const run = runtime !== undefined && isAbsolute(runtime) ? join(runtime, 'credence') : data;
  return { dataDirectory: join(data, daemon), socket: join(run, sockets[daemon]) };
}
