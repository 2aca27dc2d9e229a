// A peer that was let in, with what is needed to decide later whether it still would be.
import type { X509Bundle } from '../bundle/index.js';
import type { VerifiedPeer } from '../svid/index.js';

export interface Accepted {
  readonly peer: VerifiedPeer;
  /** The certificates that the peer sent, DER, leaf first. */
  readonly chain: readonly Buffer[];
  /** The bundle of the peer's trust domain under which it was accepted. */
  readonly bundle: X509Bundle;
  /** Whether Node showed the leaf only, and OpenSSL alone has seen the path. */
  readonly isPathHidden: boolean;
}
