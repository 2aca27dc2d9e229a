// The own bundle with more authorities in it.
import type { Authorities } from '../../datastore/bundle-store.js';
import { serverError } from '../../domain/errors.js';
import { mostAuthorities, type JwtAuthority, type TrustBundle } from '../../domain/trust-bundle.js';
import type { BundleServicePorts } from './ports.js';

type Ports = Pick<BundleServicePorts, 'bundles' | 'trustDomain' | 'upstreamBundle'>;

/** @throws `ERR_INVALID_ARGUMENT` when a key ID is that of another key */
export async function appendAuthorities(ports: Ports, authorities: Partial<Authorities>): Promise<TrustBundle> {
  await checkNew(ports, authorities);
  return ports.bundles.append(ports.trustDomain, authorities);
}

/** As appendAuthorities, once the bundle above has it: what verifies here does so in the whole trust domain. */
export async function publishAuthority(ports: Ports, authority: JwtAuthority): Promise<TrustBundle> {
  await checkNew(ports, { jwtAuthorities: [authority] });
  await ports.upstreamBundle?.publishJwtAuthority?.(authority);
  return appendAuthorities(ports, { jwtAuthorities: [authority] });
}

async function checkNew({ bundles, trustDomain }: Ports, added: Partial<Authorities>): Promise<void> {
  const { x509Authorities: oldX509 = [], jwtAuthorities: oldJwt = [] } = (await bundles.get(trustDomain)) ?? {};
  const { x509Authorities: newX509 = [], jwtAuthorities: newJwt = [] } = added;
  if (oldX509.length + newX509.length + oldJwt.length + newJwt.length > mostAuthorities) {
    throw serverError('ERR_INVALID_ARGUMENT', `the bundle would hold more than ${mostAuthorities} authorities`);
  }
  checkKeyIds([...oldJwt, ...newJwt]);
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
