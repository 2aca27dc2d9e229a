// Ties each call to the process behind its connection. gRPC knows a connection by its remote address, which a Unix
// socket lacks: each accepted socket is given a token as its remote address, and the token leads back to the peer.
import type { Socket } from 'node:net';
import { agentError } from '../../domain/errors.js';
import { SocketPeer, type Peer } from './peer.js';

export class PeerRegistry {
  readonly #procPath: string;
  readonly #peers = new Map<string, SocketPeer>();
  #count = 0;

  /** @param options.procPath where proc(5) is mounted. */
  constructor(options: { readonly procPath: string }) {
    this.#procPath = options.procPath;
  }

  /** How many connections are known. */
  get size(): number {
    return this.#peers.size;
  }

  /**
   * Settles who is behind a socket that was just accepted, until the socket closes.
   *
   * @throws ERR_PEER_CREDENTIALS or ERR_CALLER_UNKNOWN when that cannot be said.
   */
  admit(socket: Socket): Peer {
    const peer = new SocketPeer(socket, this.#procPath);
    const token = `peer:${++this.#count}`;
    this.#peers.set(token, peer);
    socket.once('close', () => {
      this.#peers.delete(token);
      peer.close();
    });
    Object.defineProperty(socket, 'remoteAddress', { value: token });
    return peer;
  }

  /** Whether a connection with this remote address is known. */
  knows(remoteAddress: string | undefined): boolean {
    return remoteAddress !== undefined && this.#peers.has(remoteAddress);
  }

  /**
   * Who makes this call. To be asked when the handler starts: once the connection is gone, nobody knows.
   *
   * @throws ERR_CALLER_UNKNOWN
   */
  peerOf(call: { getPeer(): string }): Peer {
    const peer = this.#peers.get(call.getPeer());
    if (peer === undefined) throw agentError('ERR_CALLER_UNKNOWN', 'the connection of the call is gone');
    return peer;
  }
}
