// Values as messages.
import type { SpiffeId } from '@credence/sdk';
import type { SPIFFEID } from '@credence/sdk/wire/gen/spire/api/types/SPIFFEID.js';

/** The path keeps its slash. */
export function encodeId({ trustDomain, path }: SpiffeId): SPIFFEID {
  return { trust_domain: trustDomain.name, path };
}

/** Unix seconds; what is between two is cut off. */
export function encodeSeconds(instant: Date): string {
  return String(Math.floor(instant.getTime() / 1000));
}
