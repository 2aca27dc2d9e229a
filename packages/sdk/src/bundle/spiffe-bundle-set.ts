// SPIFFE bundles by trust domain, and the bundle map (SPIFFE Trust Domain and Bundle §5), which carries many in one document.
import { isJsonObject, type JsonObject } from '../json/index.js';
import { isSpiffeError } from '../runtime/index.js';
import { TrustDomain } from '../spiffeid/index.js';
import { BundleSet } from './bundle-set.js';
import { malformed, parseDocument, type EntryReport } from './jwk-set.js';
import type { JwtBundle } from './jwt-bundle.js';
import type { JwtBundleSource } from './jwt-bundle-set.js';
import { SpiffeBundle } from './spiffe-bundle.js';
import type { X509Bundle } from './x509-bundle.js';
import type { X509BundleSource } from './x509-bundle-set.js';

/** Whoever knows the whole bundles of trust domains. */
export interface SpiffeBundleSource {
  /**
   * The bundle of exactly this trust domain.
   *
   * @throws SpiffeError `ERR_SPIFFE_NO_BUNDLE`
   */
  getSpiffeBundleForTrustDomain(trustDomain: TrustDomain): SpiffeBundle;
}

/** An immutable set of SPIFFE bundles, one a trust domain. */
export class SpiffeBundleSet
  extends BundleSet<SpiffeBundle>
  implements SpiffeBundleSource, X509BundleSource, JwtBundleSource
{
  /** Of two bundles of one trust domain the last is held. */
  static of(...bundles: readonly SpiffeBundle[]): SpiffeBundleSet {
    return new SpiffeBundleSet(bundles);
  }

  /**
   * Reads a bundle map: all of it or nothing (§5.1.1). Refresh hints of the bundles in it are left out, because they do
   * not tell how often to ask for the map.
   *
   * @throws SpiffeError `ERR_SPIFFE_BUNDLE`: not strict JSON, no object "trust_domains", a name that is no trust domain
   * name or there twice, or a bundle that does not parse.
   */
  static parse(json: string | Uint8Array, report?: EntryReport): SpiffeBundleSet {
    const { trust_domains: bundles } = parseDocument(undefined, json);
    if (!isJsonObject(bundles)) throw malformed(undefined, 'expected "trust_domains" to be an object');
    return new SpiffeBundleSet(Object.entries(bundles).map(([name, document]) => parseMember(name, document, report)));
  }

  /** @throws SpiffeError `ERR_SPIFFE_NO_BUNDLE` */
  getSpiffeBundleForTrustDomain(trustDomain: TrustDomain): SpiffeBundle {
    return this.held(trustDomain, 'SPIFFE');
  }

  /** @throws SpiffeError `ERR_SPIFFE_NO_BUNDLE` */
  getX509BundleForTrustDomain(trustDomain: TrustDomain): X509Bundle {
    return this.held(trustDomain, 'X.509').x509;
  }

  /** @throws SpiffeError `ERR_SPIFFE_NO_BUNDLE` */
  getJwtBundleForTrustDomain(trustDomain: TrustDomain): JwtBundle {
    return this.held(trustDomain, 'JWT').jwt;
  }

  /** A set that holds this bundle too, in place of the one of the same trust domain. */
  with(bundle: SpiffeBundle): SpiffeBundleSet {
    return new SpiffeBundleSet([...this.bundles, bundle]);
  }

  /** A set that holds nothing for this trust domain. */
  without(trustDomain: TrustDomain): SpiffeBundleSet {
    return new SpiffeBundleSet(this.others(trustDomain));
  }

  /** A bundle map, without the refresh hints of the bundles (§5.1.1). */
  toJson(): string {
    const members = this.bundles.map(
      (bundle) => `${JSON.stringify(bundle.trustDomain.name)}:${bundle.with({ refreshHintMs: undefined }).toJson()}`,
    );
    return `{"trust_domains":{${members.join(',')}}}`;
  }
}

function parseMember(name: string, document: unknown, report: EntryReport | undefined): SpiffeBundle {
  const trustDomain = parseName(name);
  if (!isJsonObject(document)) throw malformed(trustDomain, 'expected a JSON object');
  const { spiffe_refresh_hint: _, ...withoutHint }: JsonObject = document;
  return SpiffeBundle.fromDocument(trustDomain, withoutHint, report);
}

// §5.1.1: names, not SPIFFE IDs.
function parseName(name: string): TrustDomain {
  try {
    const trustDomain = TrustDomain.parse(name);
    if (trustDomain.name === name) return trustDomain;
  } catch (cause) {
    if (!isSpiffeError(cause)) throw cause;
  }
  throw malformed(undefined, 'expected the members of "trust_domains" to be named by trust domain names');
}
