// Trust bundles, domain → wire.
import type { Bundle } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import type { BundleMask__Output } from '@credence/sdk/wire/gen/spire/api/types/BundleMask.js';
import type { TrustBundle } from '../../domain/trust-bundle.js';
import { applyMask } from './mask.js';
import { encodeSeconds } from './time.js';

export function encodeBundle(bundle: TrustBundle, mask: BundleMask__Output | null): Bundle {
  const whole: Bundle = {
    trust_domain: bundle.trustDomain.name,
    x509_authorities: bundle.x509Authorities.map(({ certificate, tainted }) => ({ asn1: certificate, tainted })),
    jwt_authorities: bundle.jwtAuthorities.map(({ publicKey, keyId, expiresAt, tainted }) => ({
      public_key: publicKey,
      key_id: keyId,
      expires_at: expiresAt === undefined ? '0' : encodeSeconds(expiresAt),
      tainted,
    })),
    refresh_hint: bundle.refreshHintSeconds,
    sequence_number: bundle.sequenceNumber.toString(),
    wit_authorities: [],
  };
  return applyMask(whole, mask, ['trust_domain']);
}
