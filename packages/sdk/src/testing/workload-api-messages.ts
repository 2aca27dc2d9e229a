// SVIDs and bundles as messages of the Workload API (SPIFFE Workload API §§5.2, 6.2), as a correct agent sends them.
import type { JwtBundle, X509Bundle } from '../bundle/index.js';
import type { JwtSvid, X509Svid } from '../svid/index.js';
import type { JWTBundlesResponse } from '../wire/gen/JWTBundlesResponse.js';
import type { JWTSVIDResponse } from '../wire/gen/JWTSVIDResponse.js';
import type { ValidateJWTSVIDResponse } from '../wire/gen/ValidateJWTSVIDResponse.js';
import type { X509BundlesResponse } from '../wire/gen/X509BundlesResponse.js';
import type { X509SVIDResponse } from '../wire/gen/X509SVIDResponse.js';
import { encodeStruct } from '../wire/index.js';

/** The response to FetchX509SVID. The bundle of an SVID is the one of its trust domain; the others are federated. */
export function x509SvidResponse(svids: readonly X509Svid[], bundles: readonly X509Bundle[]): X509SVIDResponse {
  const own = new Set(svids.map(({ id }) => id.trustDomain.name));
  return {
    svids: svids.map((svid) => ({
      spiffe_id: svid.id.toString(),
      x509_svid: svid.certChainDer(),
      x509_svid_key: svid.privateKeyDer(),
      bundle: bundles.find(({ trustDomain }) => trustDomain.equals(svid.id.trustDomain))?.toDer() ?? Buffer.alloc(0),
      hint: svid.hint ?? '',
    })),
    federated_bundles: bundleMap(bundles.filter(({ trustDomain }) => !own.has(trustDomain.name))),
  };
}

/** The response to FetchX509Bundles. */
export function x509BundlesResponse(bundles: readonly X509Bundle[]): X509BundlesResponse {
  return { bundles: bundleMap(bundles) };
}

function bundleMap(bundles: readonly X509Bundle[]): Record<string, Buffer> {
  return Object.fromEntries(bundles.map((bundle) => [bundle.trustDomain.id.toString(), bundle.toDer()]));
}

/** The response to FetchJWTSVID. */
export function jwtSvidResponse(svids: readonly JwtSvid[]): JWTSVIDResponse {
  return {
    svids: svids.map((svid) => ({ spiffe_id: svid.id.toString(), svid: svid.token, hint: svid.hint ?? '' })),
  };
}

/** The response to FetchJWTBundles. */
export function jwtBundlesResponse(bundles: readonly JwtBundle[]): JWTBundlesResponse {
  return {
    bundles: Object.fromEntries(
      bundles.map((bundle) => [bundle.trustDomain.id.toString(), Buffer.from(bundle.toJwks())]),
    ),
  };
}

/** The response to ValidateJWTSVID for a valid token. */
export function validateJwtSvidResponse({ id, claims }: JwtSvid): ValidateJWTSVIDResponse {
  return { spiffe_id: id.toString(), claims: encodeStruct(claims) };
}
