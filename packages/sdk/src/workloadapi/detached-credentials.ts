// No credentials, and a connection that does not keep the process alive. gRPC holds the process while a call is open and
// has no option against it; the socket, which it hands to its credentials, can refuse.
import type { Socket } from 'node:net';
import { ChannelCredentials } from '@grpc/grpc-js';

type Connect = ChannelCredentials['_createSecureConnector'];

/** As `credentials.createInsecure()`, for connections that are never referenced. */
export class DetachedCredentials extends ChannelCredentials {
  readonly #insecure = ChannelCredentials.createInsecure();

  override _isSecure(): boolean {
    return false;
  }

  override _equals(other: ChannelCredentials): boolean {
    return other === this;
  }

  override _createSecureConnector(...parameters: Parameters<Connect>): ReturnType<Connect> {
    const connector = this.#insecure._createSecureConnector(...parameters);
    return { ...connector, connect: (socket) => connector.connect(detached(socket)) };
  }
}

function detached(socket: Socket): Socket {
  socket.ref = () => socket;
  return socket.unref();
}
