// Verification of a peer's X.509-SVID (X509-SVID §5): against the bundle of the trust domain that the leaf claims, and no
// other. Synchronous, so that it can run inside a handshake.
import type { X509Bundle, X509BundleSource } from '../bundle/index.js';
import { isSpiffeError, systemClock } from '../runtime/index.js';
import type { SpiffeId, TrustDomain } from '../spiffeid/index.js';
import { Certificate } from '../x509/index.js';
import { findPath } from './certification-path.js';
import { checkLeaf } from './leaf.js';
import { refused } from './refusal.js';

// As many as a path can have.
const mostCertificates = 10;

/** A peer whose X.509-SVID was verified. */
export interface VerifiedPeer {
  readonly id: SpiffeId;
  readonly leaf: Certificate;
  /** The path that was verified: leaf, intermediates, authority. */
  readonly chain: readonly Certificate[];
  /** When the first certificate of the chain expires. */
  readonly expiresAt: Date;
}

/**
 * Verifies a chain of certificates in DER, leaf first, at the instant `now` (default: the clock of the machine).
 *
 * @throws SpiffeError `ERR_SPIFFE_VERIFY` with `details.reason`, a VerifyReason; and what `bundles` throws other than
 * `ERR_SPIFFE_NO_BUNDLE`.
 */
export function verifyX509Svid(
  chain: readonly Uint8Array[],
  bundles: X509BundleSource,
  { now = systemClock.now() }: { readonly now?: Date | undefined } = {},
): VerifiedPeer {
  const [leaf, ...intermediates] = parseChain(chain);
  const id = checkLeaf(leaf, now); // X509-SVID §5.2
  const { authorities } = bundleOf(id.trustDomain, bundles); // X509-SVID §5.1
  const path = findPath(leaf, { intermediates, authorities, now }); // RFC 5280 §6.1
  return { id, leaf, chain: path, expiresAt: firstExpiry(path) };
}

function parseChain(chain: readonly Uint8Array[]): readonly [Certificate, ...Certificate[]] {
  if (chain.length > mostCertificates) {
    throw refused('too-complex', `the chain has more than ${mostCertificates} certificates`);
  }
  const [leaf, ...intermediates] = chain.map(parseCertificate);
  if (leaf === undefined) throw refused('empty-chain', 'the peer sent no certificate');
  return [leaf, ...intermediates];
}

function parseCertificate(der: Uint8Array, index: number): Certificate {
  try {
    return Certificate.parse(der);
  } catch (cause) {
    if (!isSpiffeError(cause)) throw cause;
    throw refused('malformed', `certificate ${index} of the chain: ${cause.message}`, cause);
  }
}

function bundleOf(trustDomain: TrustDomain, bundles: X509BundleSource): X509Bundle {
  const bundle = bundleFrom(trustDomain, bundles);
  // A source that answers with any bundle that it has must not make one trust domain vouch for another.
  if (bundle.trustDomain.equals(trustDomain)) return bundle;
  throw refused('no-bundle', `the source gave the bundle of ${bundle.trustDomain.name} for ${trustDomain.name}`);
}

function bundleFrom(trustDomain: TrustDomain, bundles: X509BundleSource): X509Bundle {
  try {
    return bundles.getX509BundleForTrustDomain(trustDomain);
  } catch (cause) {
    if (!isSpiffeError(cause, 'ERR_SPIFFE_NO_BUNDLE')) throw cause;
    throw refused('no-bundle', cause.message, cause);
  }
}

function firstExpiry(path: readonly Certificate[]): Date {
  return new Date(Math.min(...path.map((certificate) => certificate.notAfter.getTime())));
}
