// The listener for agents, downstream servers and remote administrators: TLS with the server's own X.509-SVID. A client
// certificate is asked for and not required; one that is presented must verify against the bundle of its own trust
// domain (X509-SVID §5), and its SPIFFE ID must be a member of ours or an administrator.
import type { AddressInfo, Socket } from 'node:net';
import type { SpiffeId, TrustDomain, X509SvidSource } from '@credence/sdk';
import { listen, trackSockets } from '@credence/sdk/daemon';
import {
  anyOf,
  authorizeMemberOf,
  authorizeOneOf,
  createServer,
  peerOf,
  type Authorizer,
  type TrustedBundles,
} from '@credence/sdk/tls';
import type { PeerSvid } from '../caller.js';
import { InjectedServer, type InjectedServerOptions } from './injected-server.js';

export interface TlsListenerOptions extends Omit<InjectedServerOptions, 'maxConnectionAgeMs'> {
  readonly trustDomain: TrustDomain;
  /** They pass the handshake even from a foreign trust domain. */
  readonly adminIds: readonly SpiffeId[];
  readonly svid: X509SvidSource;
  readonly bundles: TrustedBundles;
  readonly bindAddress: string;
  readonly bindPort: number;
}

export interface TlsListener extends AsyncDisposable {
  readonly address: { readonly address: string; readonly port: number };
}

const maxConnectionAgeMs = 3 * 60_000;
const handshakeTimeoutMs = 10_000;

/** Listens. @throws `ERR_IN_USE`, `ERR_CONFIG` */
export async function listenTls(options: TlsListenerOptions): Promise<TlsListener> {
  const { connections, bindAddress, bindPort } = options;
  const grpc = new InjectedServer({ ...options, maxConnectionAgeMs });
  const server = createServer({
    svid: options.svid,
    bundles: options.bundles,
    authorize: authorizer(options),
    clientAuthentication: 'optional',
    // An agent learns from the refusal of its next call that its SVID has expired, and what to do.
    closeOnPeerExpiry: false,
    clock: options.clock,
    logger: options.log,
    base: { ALPNProtocols: ['h2'], handshakeTimeout: handshakeTimeoutMs },
  });
  const sockets = trackSockets(server);
  server.on('secureConnection', (socket) => {
    // gRPC is HTTP/2, and whoever did not ask for it does not speak it (RFC 9113 §3.2).
    if (socket.destroyed || socket.alpnProtocol !== 'h2') {
      socket.destroy();
      return;
    }
    connections.open(socket, {
      kind: 'remote',
      token: connections.nextToken('remote'),
      address: socket.remoteAddress ?? '',
      peer: peerSvid(socket),
    });
    grpc.inject(socket);
  });
  await listen(server, { host: bindAddress, port: bindPort }, options.log);
  const { address, port } = server.address() as AddressInfo;
  return { address: { address, port }, [Symbol.asyncDispose]: () => grpc.shutDown(server, sockets) };
}

function authorizer({ trustDomain, adminIds }: TlsListenerOptions): Authorizer {
  const members = authorizeMemberOf(trustDomain);
  return adminIds.length === 0 ? members : anyOf(members, authorizeOneOf(...adminIds));
}

function peerSvid(socket: Socket): PeerSvid | undefined {
  const peer = peerOf(socket);
  if (peer === undefined) return undefined;
  return { id: peer.id, serialNumber: peer.leaf.serialNumber.toString(), expiresAt: peer.expiresAt };
}
