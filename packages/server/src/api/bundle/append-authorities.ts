// The own bundle with more authorities in it.
import type { Authorities } from '../../datastore/bundle-store.js';
import { serverError } from '../../domain/errors.js';
import type { JwtAuthority, TrustBundle } from '../../domain/trust-bundle.js';
import type { BundleServicePorts } from './ports.js';

/** @throws `ERR_INVALID_ARGUMENT` when a key ID is that of another key */
export async function appendAuthorities(
  { bundles, trustDomain }: Pick<BundleServicePorts, 'bundles' | 'trustDomain'>,
  authorities: Partial<Authorities>,
): Promise<TrustBundle> {
  const stored = await bundles.get(trustDomain);
  checkKeyIds([...(stored?.jwtAuthorities ?? []), ...(authorities.jwtAuthorities ?? [])]);
  return bundles.append(trustDomain, authorities);
}

// SPIFFE Trust Domain and Bundle §4.2, JWT-SVID §6.1: a key is found by its ID.
function checkKeyIds(authorities: readonly JwtAuthority[]): void {
  const keys = new Map<string, Buffer>();
  for (const { keyId, publicKey } of authorities) {
    const known = keys.get(keyId);
    if (known !== undefined && !known.equals(publicKey)) {
      throw serverError('ERR_INVALID_ARGUMENT', `key ID "${keyId}" is that of another JWT authority`);
    }
    keys.set(keyId, publicKey);
  }
}
