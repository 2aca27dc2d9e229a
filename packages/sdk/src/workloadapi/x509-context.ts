// What one message of the Workload API says, checked as a whole (SPIFFE Workload API §5.2). Every message is the complete
// state: what it leaves out is gone (§4.4), and one bad part discards all of it (§4.5).
import { X509Bundle, X509BundleSet } from '../bundle/index.js';
import { sdkError } from '../runtime/index.js';
import { SpiffeId, TrustDomain } from '../spiffeid/index.js';
import { verifyX509Svid, X509Svid } from '../svid/index.js';
import type { X509BundlesResponse__Output } from '../wire/gen/X509BundlesResponse.js';
import type { X509SVID__Output } from '../wire/gen/X509SVID.js';
import type { X509SVIDResponse__Output } from '../wire/gen/X509SVIDResponse.js';

interface Content {
  readonly svids: readonly [X509Svid, ...X509Svid[]];
  readonly bundles: X509BundleSet;
  readonly crls: readonly Buffer[];
}

/** The X.509-SVIDs of a process and the bundles with which it verifies its peers. */
export class X509Context {
  /** At least one; the first is the default. Of several with one hint only the first is here. */
  readonly svids: readonly X509Svid[];
  /** By trust domain: the own one and the federated ones. */
  readonly bundles: X509BundleSet;
  /** Certificate revocation lists as received, DER. They are not enforced. */
  readonly crls: readonly Buffer[];
  /** SPIFFE Workload API §8 */
  readonly defaultSvid: X509Svid;

  constructor({ svids, bundles, crls }: Content) {
    this.svids = svids;
    this.bundles = bundles;
    this.crls = crls;
    this.defaultSvid = svids[0];
  }

  /** The SVID with this hint, or undefined. */
  svidByHint(hint: string): X509Svid | undefined {
    return this.svids.find((svid) => svid.hint === hint);
  }

  /** Whether the other one says the same: SVIDs in order, bundles, revocation lists. */
  equals(other: X509Context): boolean {
    return (
      sameList(this.svids, other.svids, sameSvid) &&
      this.bundles.equals(other.bundles) &&
      sameList(this.crls, other.crls, (a, b) => a.equals(b))
    );
  }
}

/**
 * Reads a response to FetchX509SVID. Each SVID must be complete, carry its own ID and key, be valid at `now` and chain to
 * its own bundle.
 *
 * @throws SpiffeError of the part that is wrong; `ERR_SPIFFE_RESPONSE` for a field that is missing or contradicts another.
 */
export function parseX509Context(response: X509SVIDResponse__Output, now: Date): X509Context {
  const [first, ...others] = response.svids.map(parseSvid);
  if (first === undefined) throw malformed('svids', 'is empty (SPIFFE Workload API §5.2.1)');
  const all = [first, ...others] as const;
  const own = ownBundles(all);
  const federated = parseBundles('federated_bundles', response.federated_bundles);
  const bundles = X509BundleSet.of(...own.values(), ...federated.filter((bundle) => !own.has(bundle.trustDomain.name)));
  for (const { svid } of all)
    verifyX509Svid(
      svid.certificates.map(({ raw }) => raw),
      bundles,
      { now },
    );
  return new X509Context({
    svids: [first.svid, ...others.map(({ svid }) => svid).filter(hasNewHint([first.svid]))],
    bundles,
    crls: response.crl,
  });
}

/**
 * Reads a response to FetchX509Bundles.
 *
 * @throws SpiffeError `ERR_SPIFFE_BUNDLE`, `ERR_SPIFFE_RESPONSE`
 */
export function parseX509Bundles(response: X509BundlesResponse__Output): X509BundleSet {
  const bundles = parseBundles('bundles', response.bundles);
  // SPIFFE Workload API §5.2.2: the bundle of the endpoint's own trust domain is always there.
  if (bundles.length === 0) throw malformed('bundles', 'is empty (SPIFFE Workload API §5.2.2)');
  return X509BundleSet.of(...bundles);
}

interface Entry {
  readonly svid: X509Svid;
  readonly bundle: X509Bundle;
}

function parseSvid(message: X509SVID__Output, index: number): Entry {
  const field = `svids[${index}]`;
  // SPIFFE Workload API §4.5: a mandatory field at its default value.
  for (const name of ['spiffe_id', 'x509_svid', 'x509_svid_key', 'bundle'] as const) {
    if (message[name].length === 0) throw malformed(`${field}.${name}`, 'is empty (SPIFFE Workload API §5.2.1)');
  }
  const svid = X509Svid.parseRaw(
    message.x509_svid,
    message.x509_svid_key,
    message.hint === '' ? undefined : message.hint,
  );
  const claimed = SpiffeId.parse(message.spiffe_id);
  if (!svid.id.equals(claimed)) {
    throw malformed(`${field}.spiffe_id`, `is ${String(claimed)}, but the certificate is for ${String(svid.id)}`);
  }
  return { svid, bundle: X509Bundle.parseDer(svid.id.trustDomain, message.bundle) };
}

function ownBundles(entries: readonly Entry[]): ReadonlyMap<string, X509Bundle> {
  const bundles = new Map<string, X509Bundle>();
  for (const { bundle } of entries) {
    const { name } = bundle.trustDomain;
    if (bundles.get(name)?.equals(bundle) === false) throw malformed('svids', `holds two bundles of ${name}`);
    bundles.set(name, bundle);
  }
  return bundles;
}

function parseBundles(field: string, bundles: Readonly<Record<string, Buffer>>): X509Bundle[] {
  const parsed = Object.entries(bundles).map(([key, der]) => X509Bundle.parseDer(trustDomainOf(field, key), der));
  const names = new Set(parsed.map((bundle) => bundle.trustDomain.name));
  if (names.size !== parsed.length) throw malformed(field, 'holds two bundles of one trust domain');
  return parsed;
}

// SPIFFE Workload API §5.2: keyed by the ID of the trust domain. The bare name is understood too, as others send it.
function trustDomainOf(field: string, key: string): TrustDomain {
  if (!key.includes(':/')) return TrustDomain.parse(key);
  const id = SpiffeId.parse(key);
  if (id.path !== '') throw malformed(field, `has the key ${String(id)}, which is not a trust domain`);
  return id.trustDomain;
}

// SPIFFE Workload API §5.2.1: of several SVIDs with one hint the first is taken.
function hasNewHint(before: readonly X509Svid[]): (svid: X509Svid) => boolean {
  const seen = new Set(before.map((svid) => svid.hint));
  return ({ hint }) => {
    if (hint === undefined) return true;
    const isNew = !seen.has(hint);
    seen.add(hint);
    return isNew;
  };
}

// The key is that of the leaf.
function sameSvid(a: X509Svid, b: X509Svid): boolean {
  return a.hint === b.hint && a.certChainDer().equals(b.certChainDer());
}

function sameList<T>(a: readonly T[], b: readonly T[], same: (a: T, b: T) => boolean): boolean {
  return a.length === b.length && a.every((item, i) => same(item, b[i] as T));
}

function malformed(field: string, problem: string): Error {
  return sdkError('ERR_SPIFFE_RESPONSE', `${field} ${problem}`);
}
