// A registration entry ⇄ its row.
import type { Insertable, Selectable } from 'kysely';
import { createHash } from 'node:crypto';
import { SpiffeId, TrustDomain } from '@credence/sdk/spiffeid';
import type { NewEntry, RegistrationEntry } from '../../domain/registration-entry.js';
import { selectorKey } from '../../domain/selector.js';
import type { EntryTable } from './schema.js';
import { decodeSelectors, encodeSelectors } from './selectors.js';

export type EntryRow = Selectable<EntryTable>;

export function encodeEntry(entry: RegistrationEntry): Insertable<EntryTable> {
  return {
    id: entry.id,
    spiffe_id: entry.spiffeId.toString(),
    parent_id: entry.parentId.toString(),
    selectors: encodeSelectors(entry.selectors),
    similarity: similarityOf(entry),
    x509_svid_ttl: entry.x509SvidTtlSeconds,
    jwt_svid_ttl: entry.jwtSvidTtlSeconds,
    federates_with: JSON.stringify(entry.federatesWith.map(({ name }) => name)),
    admin: Number(entry.admin),
    downstream: Number(entry.downstream),
    store_svid: Number(entry.storeSvid),
    hint: entry.hint,
    dns_names: JSON.stringify(entry.dnsNames),
    expires_at: entry.expiresAt?.getTime() ?? null,
    disable_x509_svid_prefetch: Number(entry.additionalAttributes?.disableX509SvidPrefetch ?? false),
    jwt_svid_include_jti: Number(entry.additionalAttributes?.jwtSvidIncludeJti ?? false),
    revision_number: entry.revisionNumber,
    created_at: entry.createdAt.getTime(),
  };
}

export function decodeEntry(row: EntryRow): RegistrationEntry {
  const attributes = {
    disableX509SvidPrefetch: row.disable_x509_svid_prefetch !== 0,
    jwtSvidIncludeJti: row.jwt_svid_include_jti !== 0,
  };
  return {
    id: row.id,
    spiffeId: SpiffeId.parse(row.spiffe_id),
    parentId: SpiffeId.parse(row.parent_id),
    selectors: decodeSelectors(row.selectors),
    x509SvidTtlSeconds: row.x509_svid_ttl,
    jwtSvidTtlSeconds: row.jwt_svid_ttl,
    federatesWith: decodeNames(row.federates_with).map((name) => TrustDomain.parse(name)),
    admin: row.admin !== 0,
    downstream: row.downstream !== 0,
    storeSvid: row.store_svid !== 0,
    hint: row.hint,
    dnsNames: decodeNames(row.dns_names),
    expiresAt: row.expires_at === null ? undefined : new Date(row.expires_at),
    additionalAttributes: Object.values(attributes).includes(true) ? attributes : undefined,
    revisionNumber: row.revision_number,
    createdAt: new Date(row.created_at),
  };
}

/** Equal for entries with the same parent, SPIFFE ID and set of selectors. */
export function similarityOf({
  parentId,
  spiffeId,
  selectors,
}: Pick<NewEntry, 'parentId' | 'spiffeId' | 'selectors'>): string {
  const keys = [...new Set(selectors.map(selectorKey))].sort();
  const text = JSON.stringify([parentId.toString(), spiffeId.toString(), ...keys]);
  return createHash('sha256').update(text).digest('base64url');
}

const noNames: readonly string[] = [];

function decodeNames(json: string): readonly string[] {
  return json === '[]' ? noNames : (JSON.parse(json) as string[]);
}
