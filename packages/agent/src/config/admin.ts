// Who may ask the agent for more than a workload: the keys of the admin socket.
import { SpiffeId, type TrustDomain } from '@credence/sdk/spiffeid';
import { adminSocketBeside, parsedBy, usageError } from '@credence/sdk/daemon';
import { path } from '@credence/sdk/daemon/config-values';
import { z } from 'zod';
import { checkAdminSocket } from '../domain/admin-socket.js';
import type { AgentSettings } from '../settings.js';

const delegate = z.string().transform(parsedBy((text) => SpiffeId.parse(text), 'spiffe://example.org/cilium-agent'));

/** Their shape. */
export const adminShape = { admin_socket_path: path, authorized_delegates: z.array(delegate) };

interface AdminKeys {
  readonly admin_socket_path?: string | undefined;
  readonly authorized_delegates?: readonly SpiffeId[] | undefined;
}

interface Place {
  readonly trustDomain: TrustDomain;
  readonly socketPath: string;
  readonly defaultSocketPath: string;
}

/**
 * Where nothing is said of either socket, both are where the commands look for them; an agent whose public socket is
 * elsewhere is one of several, perhaps, and has an admin socket when it is told where.
 *
 * @throws ERR_CONFIG when the admin socket is where workloads are; ERR_USAGE when a delegate is a stranger.
 */
export function adminOf(
  { admin_socket_path: given, authorized_delegates: delegates = [] }: AdminKeys,
  { trustDomain, socketPath, defaultSocketPath }: Place,
): Pick<AgentSettings, 'adminSocketPath' | 'authorizedDelegates'> {
  const adminSocketPath = given ?? (socketPath === defaultSocketPath ? adminSocketBeside(socketPath) : undefined);
  if (adminSocketPath !== undefined) checkAdminSocket(adminSocketPath, socketPath);
  const stranger = delegates.find((id) => !id.isMemberOf(trustDomain));
  if (stranger !== undefined) {
    const accepted = `members of ${trustDomain.name} are accepted`;
    throw usageError(`authorized_delegates: ${String(stranger)} is of another trust domain; ${accepted}`);
  }
  return { adminSocketPath, authorizedDelegates: delegates };
}
