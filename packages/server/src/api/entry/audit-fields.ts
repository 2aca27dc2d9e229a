// What the audit record says of an entry in a request: what it names, not what it grants access by.
import type { Entry__Output } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import type { SPIFFEID__Output } from '@credence/sdk/wire/gen/spire/api/types/SPIFFEID.js';
import { shortenJoinTokens } from '../../domain/join-token.js';

export function entryAuditFields({ id, spiffe_id, parent_id, admin, downstream }: Entry__Output): object {
  return { entry_id: id, spiffe_id: idText(spiffe_id), parent_id: idText(parent_id), admin, downstream };
}

function idText(id: SPIFFEID__Output | null): string | undefined {
  return id === null ? undefined : shortenJoinTokens(`spiffe://${id.trust_domain}${id.path}`);
}
