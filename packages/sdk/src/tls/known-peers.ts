// Peers come back with the certificate that they showed before. Whether a path leads from it to an authority does not
// change while the bundle of its trust domain is the same; only time goes on, and the authorizer is asked each time.
import type { X509Bundle } from '../bundle/index.js';
import type { Certificate } from '../x509/index.js';
import type { Accepted } from './accepted.js';
import type { Verification } from './peer-verification.js';

const mostRemembered = 1000;
/** By leaf, DER as text; the one used last comes last. */
const remembered = new Map<string, Accepted>();

/** Keeps a peer whose whole path was verified under the bundle. */
export function rememberPeer(accepted: Accepted): void {
  put(keyOf(accepted.chain[0]), accepted);
  const [oldest] = remembered.keys();
  if (remembered.size > mostRemembered && oldest !== undefined) remembered.delete(oldest);
}

/** A peer with this very leaf that was verified under the same bundle, if its path is still valid; not yet authorized. */
export function recallPeer(leaf: Buffer | undefined, { bundles, clock }: Verification): Accepted | undefined {
  const key = keyOf(leaf);
  const known = remembered.get(key);
  if (known === undefined) return undefined;
  const { peer } = known;
  const now = clock.now();
  const bundle = heldBundle(known, bundles);
  if (bundle === undefined || !peer.chain.every((certificate) => isValid(certificate, now))) return undefined;
  put(key, { ...known, bundle });
  // Each connection has a peer of its own.
  return { ...known, bundle, peer: { ...peer } };
}

function heldBundle({ peer, bundle }: Accepted, bundles: Verification['bundles']): X509Bundle | undefined {
  try {
    const current = bundles.getX509BundleForTrustDomain(peer.id.trustDomain);
    return current === bundle || current.equals(bundle) ? current : undefined;
  } catch {
    return undefined; // The verifier will say why.
  }
}

function isValid({ notBefore, notAfter }: Certificate, now: Date): boolean {
  return notBefore <= now && now <= notAfter;
}

function put(key: string, accepted: Accepted): void {
  remembered.delete(key);
  remembered.set(key, accepted);
}

function keyOf(leaf: Buffer | undefined): string {
  return leaf?.toString('latin1') ?? '';
}
