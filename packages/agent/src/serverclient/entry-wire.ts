// Registration entries as they come from the server, checked; what makes no sense is no entry.
import { SpiffeId, TrustDomain } from '@credence/sdk/spiffeid';
import type { EntryRevision__Output } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/EntryRevision.js';
import type { Entry__Output } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import type { Selector__Output } from '@credence/sdk/wire/gen/spire/api/types/Selector.js';
import type { SPIFFEID__Output } from '@credence/sdk/wire/gen/spire/api/types/SPIFFEID.js';
import type { AuthorizedEntry, EntryRevision } from '../domain/authorized-entry.js';
import { agentError } from '../domain/errors.js';
import type { Selector } from '../domain/selector.js';

/** The fields that an agent asks for; the ID always comes. */
export const entryMask = {
  spiffe_id: true,
  selectors: true,
  federates_with: true,
  admin: true,
  downstream: true,
  revision_number: true,
  store_svid: true,
  hint: true,
  created_at: true,
  additional_attributes: true,
} as const;

/** @throws ERR_SERVER_RESPONSE naming the field, or the error of the field's own parser. */
export function parseEntry(entry: Entry__Output, trustDomain: TrustDomain): AuthorizedEntry {
  if (entry.id === '') throw malformed('id is empty');
  if (entry.selectors.length === 0) throw malformed('selectors is empty');
  return {
    ...parseRevision(entry),
    spiffeId: parseSpiffeId(entry.spiffe_id, trustDomain),
    selectors: entry.selectors.map(parseSelector),
    federatesWith: entry.federates_with
      .map((name) => TrustDomain.parse(name))
      .filter((federated) => !federated.equals(trustDomain)),
    admin: entry.admin,
    downstream: entry.downstream,
    storeSvid: entry.store_svid,
    hint: entry.hint,
    jwtSvidIncludeJti: entry.additional_attributes?.jwt_svid_include_jti ?? false,
    disableX509SvidPrefetch: entry.additional_attributes?.disable_x509_svid_prefetch ?? false,
  };
}

/** An entry, or the revision of one. */
export function parseRevision(
  revision: Pick<EntryRevision__Output, 'id' | 'revision_number' | 'created_at'>,
): EntryRevision {
  return {
    id: revision.id,
    revisionNumber: BigInt(revision.revision_number),
    createdAt: new Date(Number(revision.created_at) * 1000),
  };
}

// A workload's ID is in the agent's own trust domain and has a path (SPIFFE-ID §2.2).
function parseSpiffeId(id: SPIFFEID__Output | null, trustDomain: TrustDomain): SpiffeId {
  if (id === null) throw malformed('spiffe_id is missing');
  const parsed = SpiffeId.fromPath(TrustDomain.parse(id.trust_domain), id.path);
  if (!parsed.isMemberOf(trustDomain)) throw malformed(`spiffe_id is not of trust domain ${trustDomain.name}`);
  if (parsed.path === '') throw malformed('spiffe_id has no path');
  return parsed;
}

function parseSelector({ type, value }: Selector__Output): Selector {
  if (type === '') throw malformed('a selector has no type');
  if (type.includes(':')) throw malformed('a selector type contains ":"');
  if (value === '') throw malformed('a selector has no value');
  return { type, value };
}

function malformed(problem: string): Error {
  return agentError('ERR_SERVER_RESPONSE', `registration entry: ${problem}`);
}
