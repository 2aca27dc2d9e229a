// Trust on first use: the bundle that whoever answers at the server's address says is its own. Nothing else is ever said
// or believed on such a connection: afterwards the server is recognised by this bundle, as by any other.
import { silentLogger } from '@credence/sdk/runtime';
import type { TrustBundle } from '../domain/workload-identity.js';
import type { ServerAddress } from './attest-node.js';
import { BundleReader } from './bundle-reader.js';
import { ServerConnection } from './connection.js';
import { failureOf, wrapFailure } from './failure.js';
import { fetchOwnBundle } from './fetch-bundles.js';

/** @throws ERR_SERVER_UNREACHABLE, ERR_SERVER_RESPONSE, `signal.reason` */
export async function fetchBundleInsecurely(server: ServerAddress, signal: AbortSignal): Promise<TrustBundle> {
  using connection = new ServerConnection({ ...server, trust: () => ({ bundle: 'anybody', identity: undefined }) });
  return await wrapFailure(signal, failureOf('GetBundle'), () =>
    connection.call(signal, ({ bundle }, ending) =>
      fetchOwnBundle(bundle, new BundleReader(silentLogger), server.trustDomain, ending),
    ),
  );
}
