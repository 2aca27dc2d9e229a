// Which authority of a bundle an authority of ours stands on.
import { Certificate } from '@credence/sdk/x509';
import type { X509Authority } from '../../domain/trust-bundle.js';
import type { AuthorityRecord } from '../authority.js';

/** The one that signed the last certificate of the chain; undefined: none of them did. */
export function rootAbove(
  { published, upstreamChain }: Pick<AuthorityRecord, 'published' | 'upstreamChain'>,
  authorities: readonly X509Authority[],
): X509Authority | undefined {
  const top = Certificate.parse(upstreamChain?.at(-1) ?? published);
  return authorities.find(({ certificate }) => top.isSignedBy(Certificate.parse(certificate)));
}
