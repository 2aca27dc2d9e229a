// From what Node shows of a peer to a verified peer: the chain is checked again by our own verifier, which unlike OpenSSL
// knows the rules of X509-SVID §5.2 and takes only the bundle of the peer's own trust domain.
import type { DetailedPeerCertificate } from 'node:tls';
import type { X509BundleSet } from '../bundle/index.js';
import { isSpiffeError, sdkError, type Clock } from '../runtime/index.js';
import { SpiffeId } from '../spiffeid/index.js';
import { verifyX509Svid } from '../svid/index.js';
import { Certificate } from '../x509/index.js';
import type { Accepted } from './accepted.js';
import { checkAuthorized } from './authorizer.js';
import { isIssuedByAnchor } from './constrained-anchors.js';
import { acceptHiddenPath, checkNoneLeft, hidesIntermediates } from './hidden-path.js';
import { recallPeer, rememberPeer } from './known-peers.js';
import type { PeerOptions } from './options.js';

/** How a peer is judged, and by which clock. */
export type Verification = PeerOptions & { readonly clock: Clock };

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
 * Verifies and authorizes a chain, whether or not the peer is known.
 *
 * @throws SpiffeError `ERR_SPIFFE_VERIFY` with `details.reason`, and in `details.claimedId` the ID that the peer claims
 * without having proven it; `ERR_SPIFFE_UNAUTHORIZED` with `details.id`.
 */
export function acceptPeer(chain: readonly Buffer[], options: Verification): Accepted {
  return authorized(verifiedPeer(chain, options), options);
}

/** As `acceptPeer`, for a peer that was verified before; undefined when it is none, or must be verified again. */
export function acceptKnownPeer(leaf: Buffer | undefined, options: Verification): Accepted | undefined {
  const known = recallPeer(leaf, options);
  return known === undefined ? undefined : authorized(known, options);
}

function verifiedPeer(chain: readonly Buffer[], { bundles, clock }: Verification): Accepted {
  const peer = verified(chain, () => verifyX509Svid(chain, bundles, { now: clock.now() }));
  const bundle = bundles.getX509BundleForTrustDomain(peer.id.trustDomain);
  rememberPeer({ peer: { ...peer }, chain, bundle, isPathHidden: false });
  return { peer, chain, bundle, isPathHidden: false };
}

function authorized(accepted: Accepted, { authorize }: Verification): Accepted {
  checkAuthorized(authorize, accepted.peer);
  return accepted;
}

/**
 * As `acceptPeer`, for a client whose chain OpenSSL has accepted under anchors constrained to the bundles `trusted`,
 * which matter only where Node hides the path.
 */
export function acceptClient(chain: readonly Buffer[], options: Verification, trusted: X509BundleSet): Accepted {
  try {
    return acceptPeer(chain, options);
  } catch (error) {
    const isPathHidden = hidesIntermediates && chain.length === 1;
    if (!isPathHidden || !isSpiffeError(error) || error.details['reason'] !== 'unknown-authority') throw error;
  }
  return authorized(
    verified(chain, () => acceptHiddenPath(chain, options, trusted)),
    options,
  );
}

/** Whether a peer would still be accepted. Throws as `acceptPeer`, and what the source of bundles throws. */
export function recheckPeer({ peer, chain, bundle, isPathHidden }: Accepted, options: Verification): void {
  const { bundles, authorize, clock } = options;
  const current = bundles.getX509BundleForTrustDomain(peer.id.trustDomain);
  if (isPathHidden) checkNoneLeft(bundle, current);
  else if (current !== bundle && !current.equals(bundle)) {
    verified(chain, () => verifyX509Svid(chain, bundles, { now: clock.now() }));
  }
  if (authorize.isObserving !== true) checkAuthorized(authorize, peer);
}

/** The ID that a chain claims, proven or not. */
export function claimedIdOf([der]: readonly Buffer[]): string | undefined {
  try {
    return Certificate.parse(der ?? Buffer.alloc(0)).uriSans.find((uri) => SpiffeId.isValid(uri));
  } catch {
    return undefined;
  }
}

function verified<T>(chain: readonly Buffer[], verify: () => T): T {
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
