// Ties each call to the process behind its connection. gRPC knows a connection by its remote address, which a Unix
// socket lacks: each accepted socket is given a token as its remote address, and the token leads back to the peer.
import type { Socket } from 'node:net';
import { agentError } from '../../domain/errors.js';
import { FairShare } from './fair-share.js';
import { SocketPeer, type Peer } from './peer.js';

export interface PeerRegistryOptions {
  /** Where proc(5) is mounted. */
  readonly procPath: string;
  /** How many connections all users together may have. */
  readonly connectionLimit: number;
}

export class PeerRegistry {
  readonly #procPath: string;
  readonly #connections: FairShare;
  readonly #peers = new Map<string, SocketPeer>();
  #count = 0;

  constructor({ procPath, connectionLimit }: PeerRegistryOptions) {
    this.#procPath = procPath;
    this.#connections = new FairShare(connectionLimit);
  }

  /** How many connections are known. */
  get size(): number {
    return this.#peers.size;
  }

  /**
   * Settles who is behind a socket that was just accepted, until the socket closes.
   *
   * @throws ERR_PEER_CREDENTIALS or ERR_CALLER_UNKNOWN when that cannot be said; ERR_CALLER_LIMIT when the user has
   * connections enough.
   */
  admit(socket: Socket): Peer {
    const peer = new SocketPeer(socket, this.#procPath);
    if (!this.#connections.take(peer.uid)) {
      peer.close();
      throw agentError('ERR_CALLER_LIMIT', `user ${peer.uid} has as many connections as one user may have`);
    }
    const token = `peer:${++this.#count}`;
    this.#peers.set(token, peer);
    socket.once('close', () => {
      this.#peers.delete(token);
      peer.close();
      this.#connections.giveBack(peer.uid);
    });
    Object.defineProperty(socket, 'remoteAddress', { value: token });
    return peer;
  }

  /** Who is behind the connection with this remote address. */
  find(remoteAddress: string | undefined): Peer | undefined {
    return remoteAddress === undefined ? undefined : this.#peers.get(remoteAddress);
  }

  /**
   * Who makes this call. To be asked when the handler starts: once the connection is gone, nobody knows.
   *
   * @throws ERR_CALLER_UNKNOWN
   */
  peerOf(call: { getPeer(): string }): Peer {
    const peer = this.find(call.getPeer());
    if (peer === undefined) throw agentError('ERR_CALLER_UNKNOWN', 'the connection of the call is gone');
    return peer;
  }
}
