// Registration entries, wire ⇄ domain. What comes in is only re-shaped here; the rules of entries judge it.
import type {
  _spire_api_types_Entry_AdditionalAttributes__Output as WireAttributes,
  Entry,
  Entry__Output,
} from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import type { EntryMask__Output } from '@credence/sdk/wire/gen/spire/api/types/EntryMask.js';
import type { SPIFFEID__Output } from '@credence/sdk/wire/gen/spire/api/types/SPIFFEID.js';
import type { EntryAttributes, RegistrationEntry } from '../../domain/registration-entry.js';
import type { EntryFields, EntryPatchFields, IdFields } from '../../registration/entry-rules.js';
import { applyMask, isMasked } from './mask.js';
import { encodeSpiffeId } from './spiffe-id.js';
import { encodeSeconds } from './time.js';

export function encodeEntry(entry: RegistrationEntry, mask: EntryMask__Output | null): Entry {
  const { additionalAttributes } = entry;
  const whole: Entry = {
    id: entry.id,
    spiffe_id: encodeSpiffeId(entry.spiffeId),
    parent_id: encodeSpiffeId(entry.parentId),
    selectors: entry.selectors.map(({ type, value }) => ({ type, value })),
    x509_svid_ttl: entry.x509SvidTtlSeconds,
    federates_with: entry.federatesWith.map(({ name }) => name),
    admin: entry.admin,
    downstream: entry.downstream,
    expires_at: entry.expiresAt === undefined ? '0' : encodeSeconds(entry.expiresAt),
    dns_names: [...entry.dnsNames],
    revision_number: entry.revisionNumber,
    store_svid: entry.storeSvid,
    jwt_svid_ttl: entry.jwtSvidTtlSeconds,
    hint: entry.hint,
    created_at: encodeSeconds(entry.createdAt),
    ...(additionalAttributes === undefined ? {} : { additional_attributes: encodeAttributes(additionalAttributes) }),
  };
  return applyMask(whole, mask, ['id']);
}

/** The fields of an entry to create. */
export function decodeEntry(wire: Entry__Output): EntryFields {
  return {
    id: wire.id,
    spiffeId: decodeId(wire.spiffe_id),
    parentId: decodeId(wire.parent_id),
    selectors: wire.selectors.map(({ type, value }) => ({ type, value })),
    x509SvidTtlSeconds: wire.x509_svid_ttl,
    jwtSvidTtlSeconds: wire.jwt_svid_ttl,
    federatesWith: wire.federates_with,
    admin: wire.admin,
    downstream: wire.downstream,
    storeSvid: wire.store_svid,
    hint: wire.hint,
    dnsNames: wire.dns_names,
    expiresAtSeconds: Number(wire.expires_at),
    additionalAttributes: decodeAttributes(wire.additional_attributes),
  };
}

// Revision and creation time are the datastore's own: a mask that names them changes nothing.
const fieldsByMask: Readonly<Partial<Record<keyof EntryMask__Output, keyof EntryPatchFields>>> = {
  spiffe_id: 'spiffeId',
  parent_id: 'parentId',
  selectors: 'selectors',
  x509_svid_ttl: 'x509SvidTtlSeconds',
  federates_with: 'federatesWith',
  admin: 'admin',
  downstream: 'downstream',
  expires_at: 'expiresAtSeconds',
  dns_names: 'dnsNames',
  store_svid: 'storeSvid',
  jwt_svid_ttl: 'jwtSvidTtlSeconds',
  hint: 'hint',
  additional_attributes: 'additionalAttributes',
};

/** The fields of an update: those that the mask names, all of them without a mask. */
export function decodeEntryPatch(wire: Entry__Output, mask: EntryMask__Output | null): EntryPatchFields {
  const fields = decodeEntry(wire);
  const named = Object.entries(fieldsByMask).filter(([field]) => isMasked(mask, field as keyof EntryMask__Output));
  return Object.fromEntries(named.map(([, field]) => [field, fields[field]]));
}

function decodeId(wire: SPIFFEID__Output | null): IdFields | undefined {
  return wire === null ? undefined : { trustDomain: wire.trust_domain, path: wire.path };
}

function decodeAttributes(wire: WireAttributes | null | undefined): EntryAttributes | undefined {
  if (wire === null || wire === undefined) return undefined;
  return { disableX509SvidPrefetch: wire.disable_x509_svid_prefetch, jwtSvidIncludeJti: wire.jwt_svid_include_jti };
}

function encodeAttributes(attributes: EntryAttributes): WireAttributes {
  return {
    disable_x509_svid_prefetch: attributes.disableX509SvidPrefetch,
    jwt_svid_include_jti: attributes.jwtSvidIncludeJti,
  };
}
