// A bundle for people and programs: PEM, or the document of a bundle endpoint.
import { printable } from '@credence/sdk/daemon';
import type { Bundle__Output } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import { toPem } from '@credence/sdk/x509';
import type { BundleFormat } from './bundle-file.js';
import { encodeSpiffeBundle } from './spiffe-bundle.js';

export function renderBundle(bundle: Bundle__Output, format: BundleFormat): string {
  if (format === 'spiffe') return encodeSpiffeBundle(bundle);
  return bundle.x509_authorities.map(({ asn1 }) => toPem(asn1, 'CERTIFICATE')).join('');
}

/** With the name of the trust domain above it. */
export function renderNamedBundle(bundle: Bundle__Output, format: BundleFormat): string {
  const line = '*'.repeat(40);
  return `${line}\n* ${printable(bundle.trust_domain)}\n${line}\n${renderBundle(bundle, format)}`;
}
