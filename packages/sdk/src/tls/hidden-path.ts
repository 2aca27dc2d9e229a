// Some releases of Node hide a client's intermediates from its server (nodejs/node#65579). There OpenSSL's word for the
// path, under the constrained anchors of the moment in which the handshake began, and our check of the leaf are what
// there is; so that word counts only as long as every authority of that moment is still trusted.
import type { Server, TLSSocket } from 'node:tls';
import { X509BundleSet, type X509Bundle } from '../bundle/index.js';
import { sdkError, type Clock } from '../runtime/index.js';
import { checkLeaf } from '../svid/index.js';
import { Certificate } from '../x509/index.js';
import type { Accepted } from './accepted.js';
import type { PeerOptions } from './options.js';

/** 24.21.0 and 26.8.x read a client's chain in a way that drains it. */
export const hidesIntermediates: boolean = /^v(24\.(2[1-9]|[3-9]\d)|26\.8)\./.test(process.version);

/** Remembers which bundles the context of each handshake of a server was made of. */
export class HandshakeTrust {
  readonly #atStart = new WeakMap<object, X509BundleSet>();
  #current = X509BundleSet.of();

  constructor(server: Server) {
    // Before Node's own listener, which takes the context.
    if (hidesIntermediates)
      server.prependListener('connection', (raw: object) => this.#atStart.set(raw, this.#current));
  }

  /** To be called with each new context of the server. */
  rotate(bundles: readonly X509Bundle[]): void {
    this.#current = X509BundleSet.of(...bundles);
  }

  /** The bundles under which the handshake of this connection began; none when that is not known. */
  of(socket: TLSSocket): X509BundleSet {
    // The connection below; Node has no public name for it.
    const raw: unknown = Reflect.get(socket, '_parent');
    const bundles = typeof raw === 'object' && raw !== null ? this.#atStart.get(raw) : undefined;
    return bundles ?? X509BundleSet.of();
  }
}

/**
 * A client whose path OpenSSL has accepted and Node hides; `trusted` are the bundles under which its handshake began.
 *
 * @throws SpiffeError `ERR_SPIFFE_VERIFY`, `ERR_SPIFFE_NO_BUNDLE`
 */
export function acceptHiddenPath(
  chain: readonly Buffer[],
  { bundles, clock }: PeerOptions & { readonly clock: Clock },
  trusted: X509BundleSet,
): Accepted {
  const leaf = Certificate.parse(chain[0] ?? Buffer.alloc(0));
  const id = checkLeaf(leaf, clock.now());
  const bundle = trusted.getX509BundleForTrustDomain(id.trustDomain);
  checkNoneLeft(bundle, bundles.getX509BundleForTrustDomain(id.trustDomain));
  return { peer: { id, leaf, chain: [leaf], expiresAt: leaf.notAfter }, chain, bundle, isPathHidden: true };
}

/**
 * Which authority vouches for a hidden path is unknown; any that left may be the one.
 *
 * @throws SpiffeError `ERR_SPIFFE_VERIFY`
 */
export function checkNoneLeft(before: X509Bundle, current: X509Bundle): void {
  if (before.authorities.every((authority) => current.has(authority))) return;
  throw sdkError('ERR_SPIFFE_VERIFY', `an authority of ${current.trustDomain.name} is no longer trusted`, {
    details: { reason: 'unknown-authority' },
  });
}
