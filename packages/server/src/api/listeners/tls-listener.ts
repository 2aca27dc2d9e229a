// The listener for agents, downstream servers and remote administrators: TLS with the server's own X.509-SVID. A client
// certificate is asked for and not required; one that is presented must verify against the bundle of its own trust
// domain (X509-SVID §5), and its SPIFFE ID must be a member of ours or an administrator.
import type { AddressInfo, Server, Socket } from 'node:net';
import type { SpiffeId, TrustDomain, X509SvidSource } from '@credence/sdk';
import { listen, Places, trackSockets, type PlacesOptions } from '@credence/sdk/daemon';
import type { Clock } from '@credence/sdk/runtime';
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
import { Intake, type IntakeLimits } from '../interceptors/intake.js';
import { Handshakes } from './handshakes.js';
import { InjectedServer, type ConnectionLimits, type InjectedServerOptions } from './injected-server.js';
import { shutDown } from './shut-down.js';

export interface TlsListenerOptions extends Omit<InjectedServerOptions, 'limits' | 'intake'> {
  readonly clock: Clock;
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

const KiB = 1024;
const MiB = 1024 * KiB;
const handshakeTimeoutMs = 10_000;
// As long as a call may last.
const graceMs = 60_000;

/** What a caller may ask for, by whether it presented a certificate. */
interface CallerClass {
  readonly limits: ConnectionLimits;
  readonly intake: IntakeLimits;
  /** Of one identity, or else of one address. */
  readonly places: PlacesOptions;
}

const identified: CallerClass = {
  limits: { maxMessageBytes: 4 * MiB, maxStreams: 16, age: { maxMs: 180_000, graceMs } },
  intake: { connectionBytes: 16 * MiB, totalBytes: 32 * MiB, renews: true },
  places: { each: 16, total: Infinity },
};
// They attest, with a token or a chain of certificates, and fetch the bundle. Between two looks of the intake, as much
// comes in as the kernel has buffered; messages and connections are so small and few that it does no harm.
const anonymous: CallerClass = {
  limits: { maxMessageBytes: 64 * KiB, maxStreams: 2, age: { maxMs: 60_000, graceMs } },
  intake: { connectionBytes: MiB, totalBytes: 8 * MiB, renews: false },
  places: { each: 128, total: 256 },
};

/** Listens. @throws `ERR_IN_USE`, `ERR_CONFIG` */
export async function listenTls(options: TlsListenerOptions): Promise<TlsListener> {
  const { clock, bindAddress, bindPort, log } = options;
  const peers = new CallerServer(options, identified);
  const strangers = new CallerServer(options, anonymous);
  const listener = createServer({
    svid: options.svid,
    bundles: options.bundles,
    authorize: authorizer(options),
    clientAuthentication: 'optional',
    // An agent learns from the refusal of its next call that its SVID has expired, and what to do.
    closeOnPeerExpiry: false,
    clock,
    logger: log,
    base: { ALPNProtocols: ['h2'], handshakeTimeout: handshakeTimeoutMs },
  });
  const sockets = trackSockets(listener);
  const handshakes = new Handshakes(listener);
  listener.on('secureConnection', (socket) => {
    handshakes.done(socket);
    // gRPC is HTTP/2, and whoever did not ask for it does not speak it (RFC 9113 §3.2).
    if (socket.destroyed || socket.alpnProtocol !== 'h2') {
      socket.destroy();
      return;
    }
    const peer = peerSvid(socket);
    (peer === undefined ? strangers : peers).take(socket, peer);
  });
  await listen(listener, { host: bindAddress, port: bindPort }, log);
  const servers = [peers.grpc, strangers.grpc];
  return {
    address: boundAddress(listener),
    [Symbol.asyncDispose]: () => shutDown({ listener, sockets, servers, clock }),
  };
}

/** The gRPC server of one class of callers. */
class CallerServer {
  readonly grpc: InjectedServer;
  readonly #intake: Intake;
  readonly #places: Places;
  readonly #options: TlsListenerOptions;

  constructor(options: TlsListenerOptions, { limits, intake, places }: CallerClass) {
    this.#options = options;
    this.#places = new Places(places);
    this.#intake = new Intake({ ...options, ...intake });
    this.grpc = new InjectedServer({ ...options, limits, intake: this.#intake });
  }

  take(socket: Socket, peer: PeerSvid | undefined): void {
    const { remoteAddress: address = '' } = socket;
    const name = peer?.id.toString() ?? address;
    if (!this.#places.take(socket, name)) {
      this.#options.log.warn({ address, peer: peer?.id.toString() }, 'connection refused: the caller has too many');
      socket.destroy();
      return;
    }
    // A client that says no more has gone; HTTP/2 alone would keep the socket while a call is unfinished.
    socket.once('end', () => socket.destroy());
    const { connections } = this.#options;
    const token = connections.nextToken('remote');
    connections.open(socket, { kind: 'remote', token, address, peer });
    this.#intake.open(token, socket);
    this.grpc.inject(socket, name);
  }
}

function boundAddress(listener: Server): TlsListener['address'] {
  const { address, port } = listener.address() as AddressInfo;
  return { address, port };
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
