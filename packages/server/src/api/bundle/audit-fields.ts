import type { Bundle__Output } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';

/** What the audit record says of a bundle in a batch. */
export function bundleAuditFields(bundle: Bundle__Output): object {
  return {
    trust_domain: bundle.trust_domain,
    x509_authorities: bundle.x509_authorities.length,
    jwt_authorities: bundle.jwt_authorities.map(({ key_id: id }) => id),
  };
}
