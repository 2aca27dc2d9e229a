// A bundle of which only the X.509 authorities are known: from a file, or from the disk after a restart.
import { JwtBundle } from '@credence/sdk/bundle';
import type { TrustDomain } from '@credence/sdk/spiffeid';
import type { TrustBundle } from './workload-identity.js';

/** @param certificates DER */
export function rootBundle(trustDomain: TrustDomain, certificates: readonly Buffer[]): TrustBundle {
  return {
    trustDomain,
    x509Authorities: certificates.map((certificate) => ({ certificate, tainted: false })),
    jwtBundle: JwtBundle.fromAuthorities(trustDomain, []),
    taintedJwtKeyIds: new Set(),
    refreshHintSeconds: 0,
    sequenceNumber: 0n,
  };
}
