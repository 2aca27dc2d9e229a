// The file of `entry create --data`: {"entries": [...]}, each entry in the shape that SPIRE's own files have.
import { usageError, unknownKeys } from '@credence/sdk/daemon';
import type { Entry } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import { z } from 'zod';
import { parseId, parseTrustDomain, parseTtl } from '../values.js';

const selectorShape = { type: z.string().min(1), value: z.string().min(1) };
const attributesShape = {
  disable_x509_svid_prefetch: z.boolean().optional(),
  jwt_svid_include_jti: z.boolean().optional(),
};
const entryShape = {
  entry_id: z.string().default(''),
  spiffe_id: z.string(),
  parent_id: z.string(),
  selectors: z.array(z.strictObject(selectorShape, unknownKeys(selectorShape))).min(1),
  x509_svid_ttl: z.int().default(0),
  jwt_svid_ttl: z.int().default(0),
  federates_with: z.array(z.string()).default([]),
  admin: z.boolean().default(false),
  downstream: z.boolean().default(false),
  store_svid: z.boolean().default(false),
  entryExpiry: z.int().min(0).default(0),
  dns_names: z.array(z.string()).default([]),
  hint: z.string().default(''),
  additional_attributes: z.strictObject(attributesShape, unknownKeys(attributesShape)).optional(),
};
const fileShape = { entries: z.array(z.strictObject(entryShape, unknownKeys(entryShape))).min(1) };
const fileSchema = z.strictObject(fileShape, unknownKeys(fileShape));

type FileEntry = z.output<typeof fileSchema>['entries'][number];

/** The entries of a file. @throws ERR_USAGE that lists what is wrong with it */
export function parseEntryFile(json: unknown): readonly Entry[] {
  const result = fileSchema.safeParse(json);
  if (result.success) return result.data.entries.map((entry, index) => parseEntry(entry, `--data: entries.${index}`));
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw usageError(`--data is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
}

function parseEntry(entry: FileEntry, field: string): Entry {
  return {
    id: entry.entry_id,
    spiffe_id: parseId(`${field}.spiffe_id`, entry.spiffe_id),
    parent_id: parseId(`${field}.parent_id`, entry.parent_id),
    selectors: entry.selectors,
    x509_svid_ttl: parseTtl(`${field}.x509_svid_ttl`, entry.x509_svid_ttl),
    jwt_svid_ttl: parseTtl(`${field}.jwt_svid_ttl`, entry.jwt_svid_ttl),
    federates_with: entry.federates_with.map((name) => parseTrustDomain(`${field}.federates_with`, name)),
    admin: entry.admin,
    downstream: entry.downstream,
    store_svid: entry.store_svid,
    expires_at: String(entry.entryExpiry),
    dns_names: entry.dns_names,
    hint: entry.hint,
    ...(entry.additional_attributes === undefined
      ? {}
      : { additional_attributes: definedOnly(entry.additional_attributes) }),
  };
}

function definedOnly(
  attributes: NonNullable<FileEntry['additional_attributes']>,
): NonNullable<Entry['additional_attributes']> {
  return {
    disable_x509_svid_prefetch: attributes.disable_x509_svid_prefetch ?? false,
    jwt_svid_include_jti: attributes.jwt_svid_include_jti ?? false,
  };
}
