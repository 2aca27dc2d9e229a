// From what Node shows of a peer to a verified peer: the chain is checked again by our own verifier, which unlike OpenSSL
// knows the rules of X509-SVID §5.2 and takes only the bundle of the peer's own trust domain.
import type { DetailedPeerCertificate } from 'node:tls';
import { isSpiffeError, sdkError, type Clock } from '../runtime/index.js';
import { SpiffeId } from '../spiffeid/index.js';
import { checkLeaf, verifyX509Svid, type VerifiedPeer } from '../svid/index.js';
import { Certificate } from '../x509/index.js';
import { checkAuthorized } from './authorizer.js';
import { isIssuedByAnchor } from './constrained-anchors.js';
import type { PeerOptions } from './options.js';

/**
 * The certificates of the peer, leaf first, DER; empty when it showed none. Node appends the authority from our own
 * list, which is left out.
 */
export function peerChain(certificate: Partial<DetailedPeerCertificate>): readonly Buffer[] {
  const chain: Buffer[] = [];
  const seen = new Set<unknown>();
  let next: Partial<DetailedPeerCertificate> | undefined = certificate;
  while (next?.raw !== undefined && !seen.has(next)) {
    seen.add(next);
    chain.push(next.raw);
    next = next.issuerCertificate;
  }
  return chain.filter((der, i) => i === 0 || !isOurs(der));
}

function isOurs(der: Buffer): boolean {
  try {
    return isIssuedByAnchor(Certificate.parse(der));
  } catch {
    return false; // The verifier will say what is wrong with it.
  }
}

/**
 * Verifies and authorizes a chain.
 *
 * @throws SpiffeError `ERR_SPIFFE_VERIFY` with `details.reason`, and in `details.claimedId` the ID that the peer claims
 * without having proven it; `ERR_SPIFFE_UNAUTHORIZED` with `details.id`.
 */
export function verifyPeer(chain: readonly Buffer[], options: PeerOptions & { readonly clock: Clock }): VerifiedPeer {
  const peer = verified(chain, () => verifyX509Svid(chain, options.bundles, { now: options.clock.now() }));
  checkAuthorized(options.authorize, peer);
  return peer;
}

/**
 * As `verifyPeer`, for a client whose chain OpenSSL has accepted under constrained anchors. Some releases of Node hide a
 * client's intermediates from the server; there OpenSSL's word for the path and our check of the leaf are what there is.
 */
export function verifyClient(chain: readonly Buffer[], options: PeerOptions & { readonly clock: Clock }): VerifiedPeer {
  try {
    return verifyPeer(chain, options);
  } catch (error) {
    const pathHidden = hidesIntermediates && chain.length === 1;
    if (!pathHidden || !isSpiffeError(error) || error.details['reason'] !== 'unknown-authority') throw error;
  }
  const peer = verified(chain, () => leafOnly(chain, options));
  checkAuthorized(options.authorize, peer);
  return peer;
}

// nodejs/node#65579: 24.21.0 and 26.8.x read a client's chain in a way that drains it.
const hidesIntermediates = /^v(24\.(2[1-9]|[3-9]\d)|26\.8)\./.test(process.version);

function leafOnly([der]: readonly Buffer[], { bundles, clock }: PeerOptions & { readonly clock: Clock }): VerifiedPeer {
  const leaf = Certificate.parse(der ?? Buffer.alloc(0));
  const id = checkLeaf(leaf, clock.now());
  bundles.getX509BundleForTrustDomain(id.trustDomain);
  return { id, leaf, chain: [leaf], expiresAt: leaf.notAfter };
}

function verified(chain: readonly Buffer[], verify: () => VerifiedPeer): VerifiedPeer {
  try {
    return verify();
  } catch (cause) {
    const details = isSpiffeError(cause) ? cause.details : {};
    const problem = cause instanceof Error ? cause.message : 'verification failed';
    const claimedId = claimedIdOf(chain);
    throw sdkError('ERR_SPIFFE_VERIFY', `peer ${claimedId ?? 'without an ID'} does not verify: ${problem}`, {
      details: claimedId === undefined ? details : { ...details, claimedId },
      cause,
    });
  }
}

function claimedIdOf([der]: readonly Buffer[]): string | undefined {
  try {
    return Certificate.parse(der ?? Buffer.alloc(0)).uriSans.find((uri) => SpiffeId.isValid(uri));
  } catch {
    return undefined;
  }
}
