// Channel credentials for @grpc/grpc-js that follow their sources: each connection of a channel is made with the SVID and
// the bundles of that moment, and where the server has a SPIFFE ID, that is what it is known by (X509-SVID §5.2).
import { CallCredentials, ChannelCredentials, type ChannelOptions, type experimental } from '@grpc/grpc-js';
import { checkBase } from '../tls/base-options.js';
import { ClientConnections } from '../tls/client-connections.js';
import {
  checkClientMode,
  type ClientOptions,
  type MtlsClientOptions,
  type MtlsWebClientOptions,
  type TlsClientOptions,
} from '../tls/options.js';
import { RotatingConnector } from './rotating-connector.js';
import { serverName } from './server-name.js';

/**
 * Presents our X.509-SVID, and goes on with servers that verify and that the authorizer allows. A server that is refused
 * fails the call with UNAVAILABLE, whose details say which check failed.
 *
 * After an update of the sources new connections use the new SVID and bundles. Open ones go on, but end at once when
 * their server would no longer be accepted or we have no identity any more, and when the server's SVID expires.
 *
 * @throws TypeError for a `base` that decides over identity.
 */
export function mtlsChannelCredentials(options: MtlsClientOptions): ChannelCredentials {
  return new RotatingChannelCredentials(options);
}

/** As `mtlsChannelCredentials`, for a client that presents no certificate, though it may have one. */
export function tlsChannelCredentials(options: TlsClientOptions): ChannelCredentials {
  return new RotatingChannelCredentials({ ...options, svid: undefined });
}

/** As `mtlsChannelCredentials`, for a server of the Web PKI, whose host name is checked. */
export function mtlsWebChannelCredentials(options: MtlsWebClientOptions): ChannelCredentials {
  return new RotatingChannelCredentials(options);
}

class RotatingChannelCredentials extends ChannelCredentials {
  readonly #options: ClientOptions;
  readonly #connections: ClientConnections;

  constructor(options: ClientOptions) {
    super();
    checkBase(options.base ?? {});
    checkClientMode(options);
    // gRPC is HTTP/2, whatever else the same options are used for.
    this.#options =
      options.base === undefined ? options : { ...options, base: { ...options.base, ALPNProtocols: ['h2'] } };
    this.#connections = new ClientConnections(this.#options);
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(
    target: experimental.GrpcUri,
    channelOptions: ChannelOptions,
    callCredentials: CallCredentials = CallCredentials.createEmpty(),
  ): experimental.SecureConnector {
    const name = serverName(target, channelOptions);
    return new RotatingConnector({ client: this.#options, connections: this.#connections, name, callCredentials });
  }
}
