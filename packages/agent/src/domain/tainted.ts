// Which chains were issued under an authority that is not to be used any more.
import { Certificate } from '@credence/sdk/x509';
import type { TrustBundle } from './workload-identity.js';

/** Whether a chain (DER, leaf first) ends below a tainted authority of the bundle, by the key identifiers of both. */
export function taintedBy({ x509Authorities }: TrustBundle): (chain: readonly Buffer[]) => boolean {
  const keyIds = x509Authorities
    .filter(({ tainted }) => tainted)
    .map(({ certificate }) => Certificate.parse(certificate).subjectKeyId);
  if (keyIds.length === 0) return () => false;
  return (chain) => {
    const last = chain.at(-1);
    const authorityKeyId = last === undefined ? undefined : Certificate.parse(last).authorityKeyId;
    return authorityKeyId !== undefined && keyIds.some((keyId) => keyId?.equals(authorityKeyId) === true);
  };
}
