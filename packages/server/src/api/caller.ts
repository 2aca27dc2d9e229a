// Who is calling. What the handshake or the kernel proved is settled once per connection; what the caller may be counted
// as is decided again for every call, because entries and agents change while a connection lives.
import type { SpiffeId } from '@credence/sdk';
import type { AttestedAgent } from '../domain/attested-agent.js';
import type { RegistrationEntry } from '../domain/registration-entry.js';

/** A connection, under the token that grpc-js reports as the peer of each of its calls. */
export type Connection = LocalConnection | RemoteConnection;

/** A connection to the admin Unix socket. */
export interface LocalConnection {
  readonly kind: 'local';
  readonly token: string;
  /** Of the peer process, where the kernel tells. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly pid: number | undefined;
  /** Its program, as it was when it connected; where /proc tells. */
  readonly path: string | undefined;
}

/** A connection to the TLS listener. */
export interface RemoteConnection {
  readonly kind: 'remote';
  readonly token: string;
  /** The IP address, without the port. */
  readonly address: string;
  /** Undefined: the client presented no certificate. */
  readonly peer: PeerSvid | undefined;
}

/** The X.509-SVID that the handshake verified. */
export interface PeerSvid {
  readonly id: SpiffeId;
  /** Decimal. */
  readonly serialNumber: string;
  readonly expiresAt: Date;
}

/** What an admitted caller counts as. */
export type Caller =
  /** The method is open to everybody: nothing was checked. */
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'local' }
  | { readonly kind: 'admin'; readonly id: SpiffeId; readonly via: 'config' | 'entries' }
  | { readonly kind: 'downstream'; readonly id: SpiffeId; readonly entries: readonly RegistrationEntry[] }
  | { readonly kind: 'agent'; readonly agent: AttestedAgent };
