// A trust bundle as operators hand it out: PEM certificates, or a SPIFFE bundle.
import { SpiffeBundle, X509Bundle } from '@credence/sdk/bundle';
import type { TrustDomain } from '@credence/sdk/spiffeid';
import { agentError } from '../domain/errors.js';
import { rootBundle } from '../domain/root-bundle.js';
import type { TrustBundle } from '../domain/workload-identity.js';
import type { TrustBundleFormat } from '../settings.js';

/** @throws Error: it does not parse, or holds no X.509 authority. */
export function parseTrustBundle(trustDomain: TrustDomain, text: string, format: TrustBundleFormat): TrustBundle {
  const { authorities } =
    format === 'pem' ? X509Bundle.parsePem(trustDomain, text) : SpiffeBundle.parse(trustDomain, text).x509;
  if (authorities.length === 0) throw agentError('ERR_BOOTSTRAP', 'it holds no X.509 authority');
  return rootBundle(
    trustDomain,
    authorities.map(({ raw }) => raw),
  );
}
