// Snapshots as messages of the X.509-SVID profile (SPIFFE Workload API §5).
import type { X509BundlesResponse } from '@credence/sdk/wire/gen/X509BundlesResponse.js';
import type { X509SVID } from '@credence/sdk/wire/gen/X509SVID.js';
import type { X509SVIDResponse } from '@credence/sdk/wire/gen/X509SVIDResponse.js';
import type {
  TrustBundle,
  TrustedBundles,
  WorkloadIdentity,
  WorkloadSnapshot,
} from '../../domain/workload-identity.js';

/** All that the snapshot says, with `identities` as they were chosen from it. */
export function encodeX509Svids(snapshot: WorkloadSnapshot, identities: readonly WorkloadIdentity[]): X509SVIDResponse {
  const bundle = encodeAuthorities(snapshot.bundle);
  return {
    svids: identities.map((identity) => encodeX509Svid(identity, bundle)),
    federated_bundles: Object.fromEntries(federated(snapshot).map(encodeBundle)),
  };
}

/** The agent's own bundle and the foreign ones (SPIFFE Workload API §5.2.2). */
export function encodeX509Bundles(bundles: TrustedBundles): X509BundlesResponse {
  return { bundles: Object.fromEntries([bundles.bundle, ...federated(bundles)].map(encodeBundle)) };
}

function encodeX509Svid({ spiffeId, svid, hint }: WorkloadIdentity, bundle: Buffer): X509SVID {
  return {
    spiffe_id: spiffeId.toString(),
    x509_svid: Buffer.concat(svid.chain),
    x509_svid_key: svid.privateKey,
    bundle,
    hint,
  };
}

/** The foreign ones in the order of their names, so that equal snapshots make equal messages. */
export function federated({ bundle, federatedBundles }: TrustedBundles): readonly TrustBundle[] {
  return [...federatedBundles.values()]
    .filter(({ trustDomain }) => trustDomain.name !== bundle.trustDomain.name)
    .sort((a, b) => (a.trustDomain.name < b.trustDomain.name ? -1 : 1));
}

// Maps are keyed by trust domain ID, `spiffe://…`, and not by name.
function encodeBundle(bundle: TrustBundle): [string, Buffer] {
  return [bundle.trustDomain.id.toString(), encodeAuthorities(bundle)];
}

function encodeAuthorities({ x509Authorities }: TrustBundle): Buffer {
  return Buffer.concat(x509Authorities.map(({ certificate }) => certificate));
}
