// Bundles as messages of the JWT-SVID profile (SPIFFE Workload API §6).
import type { JWTBundlesResponse } from '@credence/sdk/wire/gen/JWTBundlesResponse.js';
import type { TrustBundle, TrustedBundles } from '../../domain/workload-identity.js';
import { federated } from './x509-messages.js';

/** The agent's own bundle and the foreign ones (SPIFFE Workload API §6.2.2): JWK Sets with nothing but JWT authorities. */
export function encodeJwtBundles(bundles: TrustedBundles): JWTBundlesResponse {
  return { bundles: Object.fromEntries([bundles.bundle, ...federated(bundles)].map(encodeBundle)) };
}

function encodeBundle({ trustDomain, jwtBundle }: TrustBundle): [string, Buffer] {
  return [trustDomain.id.toString(), Buffer.from(jwtBundle.toJwks())];
}
