// Bundles of other trust domains, wire → domain.
import type { TrustDomain } from '@credence/sdk';
import type { Bundle__Output } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import type { BundleMask__Output } from '@credence/sdk/wire/gen/spire/api/types/BundleMask.js';
import { serverError } from '../../domain/errors.js';
import type { JwtAuthority, TrustBundle } from '../../domain/trust-bundle.js';
import { describe } from '../interceptors/errors.js';
import { decodeJwtAuthority, decodeX509Authority } from './bundle.js';
import { isMasked } from './mask.js';
import { decodeTrustDomain } from './spiffe-id.js';

/** What a mask names of a bundle. */
export type BundlePatch = Partial<Omit<TrustBundle, 'trustDomain'>>;

/** @throws StatusError INVALID_ARGUMENT unless it names a trust domain other than `own` */
export function decodeFederatedTrustDomain(nameOrId: string, own: TrustDomain): TrustDomain {
  const trustDomain = named(nameOrId);
  if (!trustDomain.equals(own)) return trustDomain;
  throw serverError('ERR_INVALID_ARGUMENT', 'the bundle of the server trust domain is not a federated one');
}

function named(nameOrId: string): TrustDomain {
  try {
    return decodeTrustDomain(nameOrId);
  } catch (error) {
    throw describe('trust domain argument is not valid', error);
  }
}

/** @throws StatusError INVALID_ARGUMENT `failed to convert bundle: …` */
export function decodeFederatedBundle(wire: Bundle__Output, trustDomain: TrustDomain): TrustBundle {
  return converted(() => ({
    trustDomain,
    x509Authorities: wire.x509_authorities.map(decodeX509Authority),
    jwtAuthorities: decodeJwtAuthorities(wire),
    refreshHintSeconds: decodeRefreshHint(wire.refresh_hint),
    sequenceNumber: BigInt(wire.sequence_number),
  }));
}

/** Fields that the mask does not name are not looked at. @throws as decodeFederatedBundle */
export function decodeBundlePatch(wire: Bundle__Output, mask: BundleMask__Output | null): BundlePatch {
  return converted(() => ({
    ...(isMasked(mask, 'x509_authorities') && { x509Authorities: wire.x509_authorities.map(decodeX509Authority) }),
    ...(isMasked(mask, 'jwt_authorities') && { jwtAuthorities: decodeJwtAuthorities(wire) }),
    ...(isMasked(mask, 'refresh_hint') && { refreshHintSeconds: decodeRefreshHint(wire.refresh_hint) }),
    ...(isMasked(mask, 'sequence_number') && { sequenceNumber: BigInt(wire.sequence_number) }),
  }));
}

// SPIFFE Trust Domain and Bundle §4.2, JWT-SVID §6.1: a key is found by its ID.
function decodeJwtAuthorities(wire: Bundle__Output): readonly JwtAuthority[] {
  const authorities = wire.jwt_authorities.map(decodeJwtAuthority);
  const seen = new Set<string>();
  for (const { keyId } of authorities) {
    if (seen.has(keyId)) throw serverError('ERR_INVALID_ARGUMENT', `key ID "${keyId}" is given twice`);
    seen.add(keyId);
  }
  return authorities;
}

function decodeRefreshHint(wire: string): number {
  const seconds = Number(wire);
  if (seconds >= 0 && seconds <= Number.MAX_SAFE_INTEGER / 1000) return seconds;
  throw serverError('ERR_INVALID_ARGUMENT', `refresh_hint is ${wire}; seconds from 0 are accepted`);
}

function converted<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw describe('failed to convert bundle', error);
  }
}
