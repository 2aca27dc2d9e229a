// Registration entries as the wire has them.
import type { Entry } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import { call, type Clients } from './test-server.js';

export function wireId(path: string): { trust_domain: string; path: string } {
  return { trust_domain: 'example.org', path };
}

/** An entry below `/node` that may be created. */
export function entry(path: string, changes: Entry = {}): Entry {
  const selectors = [{ type: 'unix', value: 'uid:1000' }];
  return { spiffe_id: wireId(path), parent_id: wireId('/node'), selectors, ...changes };
}

/** Outcome and ID of each entry. */
export async function createEntries(
  { entries }: Clients,
  ...wanted: Entry[]
): Promise<{ code: number; message: string; id: string | undefined }[]> {
  const { results } = await call(entries, 'BatchCreateEntry', { entries: wanted });
  return results.map(({ status: outcome, entry: made }) => ({ ...outcome!, id: made?.id }));
}

export async function deleteAllEntries({ entries }: Clients): Promise<void> {
  const { entries: all } = await call(entries, 'ListEntries', {});
  await call(entries, 'BatchDeleteEntry', { ids: all.map((one) => one.id) });
}
