// The bundle endpoint: our bundle for whoever asks by GET /, on a listener of its own that asks nobody for a certificate
// (SPIFFE Federation §5.2.1.3, §5.2.2.3).
import type { RequestListener } from 'node:http';
import { createServer as createWebServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { SpiffeBundleSet, type SpiffeBundle } from '@credence/sdk/bundle';
import type { TrustDomain } from '@credence/sdk/spiffeid';
import type { X509SvidSource } from '@credence/sdk/svid';
import { listen, Places, trackSockets } from '@credence/sdk/daemon';
import { bundleHandler, intermediateTls } from '@credence/sdk/federation';
import type { Clock, Logger } from '@credence/sdk/runtime';
import { createHttpsServer } from '@credence/sdk/tls';
import type { BundleStore } from '../datastore/bundle-store.js';
import type { TrustBundle } from '../domain/trust-bundle.js';
import type { BundleEndpointSettings } from '../settings.js';
import { followCertificateFiles, loadCertificateFiles } from './certificate-files.js';
import { spiffeBundleOf } from './spiffe-bundles.js';

export interface BundleEndpointOptions extends BundleEndpointSettings {
  readonly trustDomain: TrustDomain;
  readonly bundles: Pick<BundleStore, 'get' | 'setRefreshHint'>;
  readonly serverSvid: X509SvidSource;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface BundleEndpoint extends AsyncDisposable {
  readonly address: { readonly address: string; readonly port: number };
}

// The endpoint is open to everybody: nobody may keep a connection, and all together not more than these.
const limits = {
  handshakeTimeout: 10_000,
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 2000,
  maxHeaderSize: 8192,
};
const mostConnections = { each: 64, total: 512 };

/** Listens. @throws `ERR_IN_USE`, `ERR_CONFIG`, `ERR_DATASTORE`, `ERR_BUNDLE_NOT_FOUND` */
export async function openBundleEndpoint(options: BundleEndpointOptions): Promise<BundleEndpoint> {
  const { address: host, port, log, profile, bundles, trustDomain, refreshHintSeconds } = options;
  // SPIFFE Trust Domain and Bundle §4.1.1: whatever of a bundle changes, its number does.
  await bundles.setRefreshHint(trustDomain, refreshHintSeconds);
  const stop = new AbortController();
  const server = profile.kind === 'https_spiffe' ? spiffeServer(options) : await webServer(options, stop.signal);
  const sockets = trackSockets(server);
  limit(server);
  await listen(server, { host, port }, log);
  const address = server.address() as AddressInfo;
  log.info({ address: address.address, port: address.port, profile: profile.kind }, 'bundle endpoint listens');
  return {
    address,
    async [Symbol.asyncDispose]() {
      stop.abort();
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** No address takes the place of all others, nor do all others together. */
function limit(server: Server): void {
  const places = new Places(mostConnections);
  server.on('connection', (socket: Socket) => {
    if (!places.take(socket, socket.remoteAddress ?? '')) socket.destroy();
  });
}

function spiffeServer(options: BundleEndpointOptions): Server {
  const { serverSvid: svid, clock, log: logger } = options;
  const base = { ...intermediateTls, ...limits };
  return createHttpsServer({ svid, clientAuthentication: 'none', clock, logger, base }, handler(options));
}

async function webServer(options: BundleEndpointOptions, signal: AbortSignal): Promise<Server> {
  const { profile, clock, log } = options;
  if (profile.kind !== 'https_web') throw new TypeError('the profile is not https_web');
  const current = await loadCertificateFiles(profile);
  const server = createWebServer({ ...intermediateTls, ...limits, ...current }, handler(options));
  void followCertificateFiles({ ...profile, current, signal, clock, log }, (pair) => {
    server.setSecureContext({ ...intermediateTls, ...pair });
  });
  return server;
}

/** Reads the bundle for each request: what has been published is there at once, whichever server published it. */
function handler({ trustDomain, bundles, log }: BundleEndpointOptions): RequestListener {
  let served: { readonly of: TrustBundle; readonly bundle: SpiffeBundle } | undefined;
  const newest = async (): Promise<SpiffeBundleSet> => {
    const stored = await bundles.get(trustDomain);
    if (stored === undefined) return SpiffeBundleSet.of();
    if (served?.of.sequenceNumber !== stored.sequenceNumber) {
      served = { of: stored, bundle: spiffeBundleOf(stored) };
    }
    return SpiffeBundleSet.of(served.bundle);
  };
  return (request, response) => {
    newest()
      .catch((error: unknown) => {
        log.error({ err: error }, 'bundle endpoint cannot read the bundle');
        return SpiffeBundleSet.of();
      })
      .then((set) => {
        bundleHandler(trustDomain, set, { path: '/' })(request, response);
      })
      .catch((error: unknown) => {
        log.error({ err: error }, 'bundle endpoint could not answer');
        response.destroy();
      });
  };
}
