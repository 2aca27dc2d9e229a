// Node attestation as a whole, on a connection of its own without an identity: proof, agent SVID, bundle.
import type { TrustDomain } from '@credence/sdk';
import { silentLogger, type Clock } from '@credence/sdk/runtime';
import type { AgentSvid } from '../domain/agent-svid.js';
import type { TrustBundle } from '../domain/workload-identity.js';
import { acceptAgentSvid, createAgentKey } from './agent-key.js';
import { attestAgent, type NodeProof } from './attest-agent.js';
import { BundleReader } from './bundle-reader.js';
import { Exchange } from './calls.js';
import { ServerConnection } from './connection.js';
import { attestationFailure, failureOf, wrapFailure } from './failure.js';
import { fetchOwnBundle } from './fetch-bundles.js';
import type { ServerAddresses } from './server-addresses.js';

export interface ServerAddress {
  readonly clock: Clock;
  readonly addresses: ServerAddresses;
  readonly port: number;
  readonly trustDomain: TrustDomain;
}

/** What the server gives a node that has proven itself. */
export interface Admission {
  readonly svid: AgentSvid;
  readonly bundle: TrustBundle;
}

/**
 * Proves the node to the server that `bundle` vouches for.
 *
 * @throws ERR_SERVER_UNREACHABLE, ERR_SERVER_RESPONSE, ERR_SERVER_REFUSED, the errors of the proof, `signal.reason`
 */
export async function attestNode(
  server: ServerAddress,
  { proof, bundle }: { readonly proof: NodeProof; readonly bundle: TrustBundle },
  signal: AbortSignal,
): Promise<Admission> {
  const { trustDomain } = server;
  const payload = await proof.payload(); // without one there is nothing to connect for
  const { key, csr } = await createAgentKey();
  using connection = connectWithoutIdentity(server, bundle);
  const { chain, reattestable } = await wrapFailure(signal, attestationFailure, () =>
    connection.call(signal, async ({ agent }, ending) => {
      using exchange = new Exchange(agent.attestAgent(), ending);
      return await attestAgent(exchange, proof, { payload, csr });
    }),
  );
  const svid = acceptAgentSvid(chain, { key, reattestable, trustDomain });
  const newest = await wrapFailure(signal, failureOf('GetBundle'), () =>
    connection.call(signal, (clients, ending) =>
      fetchOwnBundle(clients.bundle, new BundleReader(silentLogger), trustDomain, ending),
    ),
  );
  return { svid, bundle: newest };
}

/** Whether the server that `bundle` vouches for answers somebody without an identity. @throws `signal.reason` */
export async function isReachable(server: ServerAddress, bundle: TrustBundle, signal: AbortSignal): Promise<boolean> {
  using connection = connectWithoutIdentity(server, bundle);
  try {
    await connection.call(signal, (clients, ending) =>
      fetchOwnBundle(clients.bundle, new BundleReader(silentLogger), server.trustDomain, ending),
    );
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

function connectWithoutIdentity(server: ServerAddress, bundle: TrustBundle): ServerConnection {
  return new ServerConnection({ ...server, trust: () => ({ bundle, identity: undefined }) });
}
