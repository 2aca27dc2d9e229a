// What one message of the Workload API says, checked as a whole (SPIFFE Workload API §5.2). Every message is the complete
// state: what it leaves out is gone (§4.4), and one bad part discards all of it (§4.5). Only what lies outside this
// agent's power is left out alone: an authority of a kind that we do not accept, an SVID that has expired.
import { X509Bundle, X509BundleSet } from '../bundle/index.js';
import { isSpiffeError, type SpiffeError } from '../runtime/index.js';
import { SpiffeId } from '../spiffeid/index.js';
import { verifyX509Svid, X509Svid } from '../svid/index.js';
import type { X509BundlesResponse__Output } from '../wire/gen/X509BundlesResponse.js';
import type { X509SVID__Output } from '../wire/gen/X509SVID.js';
import type { X509SVIDResponse__Output } from '../wire/gen/X509SVIDResponse.js';
import {
  checkAtMost,
  checkCount,
  checkPresent,
  firstOfEachHint,
  malformed,
  parseBundleMap,
  type Reading,
} from './response-fields.js';

interface Content {
  readonly svids: Svids;
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
 * Reads a response to FetchX509SVID. Each SVID must be complete, carry its own ID and key and chain to its own bundle;
 * those that have expired at `now` are left out, and one must remain.
 *
 * @throws SpiffeError of the part that is wrong; `ERR_SPIFFE_RESPONSE` for a field that is missing or contradicts another.
 */
export function parseX509Context(response: X509SVIDResponse__Output, reading: Reading): X509Context {
  checkCount('svids', response.svids.length, reading.limits.svids);
  const entries = response.svids.map(parseSvid);
  const own = ownBundles(entries, reading);
  const federated = parseBundles('federated_bundles', response.federated_bundles, reading);
  const bundles = X509BundleSet.of(...own, ...federated.filter((bundle) => isForeign(bundle, own, reading)));
  const svids = unexpired(entries, bundles, reading);
  return new X509Context({ svids: firstOfEachHint(svids), bundles, crls: response.crl });
}

/**
 * Reads a response to FetchX509Bundles.
 *
 * @throws SpiffeError `ERR_SPIFFE_BUNDLE`, `ERR_SPIFFE_RESPONSE`
 */
export function parseX509Bundles(response: X509BundlesResponse__Output, reading: Reading): X509BundleSet {
  // SPIFFE Workload API §5.2.2: the bundle of the endpoint's own trust domain is always there.
  checkCount('bundles', Object.keys(response.bundles).length, reading.limits.bundles);
  return X509BundleSet.of(...parseBundles('bundles', response.bundles, reading));
}

interface Entry {
  readonly field: string;
  readonly svid: X509Svid;
  /** DER */
  readonly bundle: Buffer;
}

type Svids = readonly [X509Svid, ...X509Svid[]];

function parseSvid(message: X509SVID__Output, index: number): Entry {
  const field = `svids[${index}]`;
  checkPresent(message, ['spiffe_id', 'x509_svid', 'x509_svid_key', 'bundle'], field); // SPIFFE Workload API §5.2.1
  const svid = X509Svid.parseRaw(
    message.x509_svid,
    message.x509_svid_key,
    message.hint === '' ? undefined : message.hint,
  );
  const claimed = SpiffeId.parse(message.spiffe_id);
  if (!svid.id.equals(claimed)) {
    throw malformed(`${field}.spiffe_id`, `is ${String(claimed)}, but the certificate is for ${String(svid.id)}`);
  }
  return { field, svid, bundle: message.bundle };
}

// Every SVID brings the bundle of its trust domain, mostly the same bytes: each is read, and reported on, once.
function ownBundles(entries: readonly Entry[], { report }: Reading): readonly X509Bundle[] {
  const bundles = new Map<string, { readonly der: Buffer; readonly bundle: X509Bundle }>();
  for (const { svid, bundle: der } of entries) {
    const { trustDomain } = svid.id;
    const known = bundles.get(trustDomain.name);
    if (known?.der.equals(der) === true) continue;
    const bundle = X509Bundle.parseUsable(trustDomain, der, report);
    if (known?.bundle.equals(bundle) === false) throw malformed('svids', `holds two bundles of ${trustDomain.name}`);
    bundles.set(trustDomain.name, { der, bundle });
  }
  return [...bundles.values()].map(({ bundle }) => bundle);
}

// SPIFFE Workload API §5.2.1: federated bundles are those of foreign trust domains. The own one is `bundle`.
function isForeign(bundle: X509Bundle, own: readonly X509Bundle[], { report }: Reading): boolean {
  const same = own.find(({ trustDomain }) => trustDomain.equals(bundle.trustDomain));
  if (same === undefined) return true;
  if (!same.equals(bundle))
    report(malformed('federated_bundles', `is not used for ${same.trustDomain.name}, the own one`));
  return false;
}

function unexpired(entries: readonly Entry[], bundles: X509BundleSet, { now, report }: Reading): Svids {
  const problems = entries.map(({ field, svid }) => expiry(field, svid, bundles, now));
  const [first, ...others] = entries.filter((_, index) => problems[index] === undefined).map(({ svid }) => svid);
  const expired = problems.filter((problem) => problem !== undefined);
  if (first === undefined) throw expired[0] ?? malformed('svids', 'is empty');
  expired.forEach(report);
  return [first, ...others];
}

// Whatever else is wrong with an SVID discards the message.
function expiry(field: string, svid: X509Svid, bundles: X509BundleSet, now: Date): SpiffeError | undefined {
  const chain = svid.certificates.map(({ raw }) => raw);
  try {
    verifyX509Svid(chain, bundles, { now });
    return undefined;
  } catch (cause) {
    if (!isSpiffeError(cause, 'ERR_SPIFFE_VERIFY') || cause.details['reason'] !== 'expired') throw cause;
    return malformed(field, `is not used: ${String(svid.id)}: ${cause.message}`, cause);
  }
}

function parseBundles(
  field: string,
  bundles: Readonly<Record<string, Buffer>>,
  { limits, report }: Reading,
): readonly X509Bundle[] {
  checkAtMost(field, Object.keys(bundles).length, limits.bundles);
  return parseBundleMap(field, bundles, (trustDomain, der) => X509Bundle.parseUsable(trustDomain, der, report));
}

// The key is that of the leaf.
function sameSvid(a: X509Svid, b: X509Svid): boolean {
  return a.hint === b.hint && a.certChainDer().equals(b.certChainDer());
}

function sameList<T>(a: readonly T[], b: readonly T[], same: (a: T, b: T) => boolean): boolean {
  return a.length === b.length && a.every((item, i) => same(item, b[i] as T));
}
