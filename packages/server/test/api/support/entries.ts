// Registration entries as the wire has them.
import type { Entry } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import { call, TestServer, type Clients } from './test-server.js';

export function wireId(path: string): { trust_domain: string; path: string } {
  return { trust_domain: 'example.org', path };
}

/** An entry below `/node` that may be created. */
export function entry(path: string, changes: Entry = {}): Entry {
  const selectors = [{ type: 'unix', value: 'uid:1000' }];
  return { spiffe_id: wireId(path), parent_id: wireId('/node'), selectors, ...changes };
}

/** What the tests of the Entry service work on. */
export interface EntryService {
  readonly entries: Clients['entries'];
  /** Creates entries; outcome and ID of each. */
  readonly create: (...wanted: Entry[]) => Promise<{ code: number; message: string; id: string | undefined }[]>;
}

/** A server for the `describe` that calls this; each test begins without entries. */
export function useEntryService(): EntryService {
  let server: TestServer;
  const service = {
    get entries() {
      return server.local.entries;
    },
    create: async (...wanted: Entry[]) => {
      const { results } = await call(service.entries, 'BatchCreateEntry', { entries: wanted });
      return results.map(({ status: outcome, entry: made }) => ({ ...outcome!, id: made?.id }));
    },
  };
  before(async () => (server = await TestServer.start()));
  after(() => server[Symbol.asyncDispose]());
  afterEach(async () => {
    const { entries: all } = await call(service.entries, 'ListEntries', {});
    await call(service.entries, 'BatchDeleteEntry', { ids: all.map((one) => one.id) });
  });
  return service;
}
