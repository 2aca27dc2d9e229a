// `entry show`: one entry by its ID, or all that a filter lets through.
import { defineCommand, encodeJson, exitCodes, usageError } from '@credence/sdk/daemon';
import { entryApi } from '@credence/sdk/wire';
import type { EntryClient } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/Entry.js';
import type { ListEntriesResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/ListEntriesResponse.js';
import type { Entry__Output } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import { adminFlags, answer, failing, withServer } from '../admin-client.js';
import { counted, renderEntry } from '../render.js';
import { sortEntries } from './entry-order.js';
import { entryFilter } from './filter.js';
import { entryFilterFlags, entryFlags } from './flags.js';

const pageSize = 500;

export const command = defineCommand(
  { ...adminFlags, entryId: entryFlags.entryId, ...entryFilterFlags },
  async (values, terminal) => {
    const filter = entryFilter(values);
    const { entryId } = values;
    if (entryId !== undefined && (values.downstream || Object.values(filter).some((part) => part !== null))) {
      throw usageError("--entry-id can't be combined with other filters");
    }
    const found = await withServer(values, terminal, async (connect) => {
      const client = connect(entryApi);
      return entryId === undefined ? list(client, filter) : [await get(client, entryId)];
    });
    const entries = sortEntries(found);
    if (values.output === 'json') {
      terminal.out(`${encodeJson({ entries, next_page_token: '' })}\n`);
    } else {
      terminal.out(`Found ${counted(entries.length, 'entry', 'entries')}\n${entries.map(renderEntry).join('')}`);
    }
    return exitCodes.done;
  },
);

async function get(client: EntryClient, id: string): Promise<Entry__Output> {
  return failing(`error fetching entry ID ${id}`, () => answer<Entry__Output>((done) => client.GetEntry({ id }, done)));
}

async function list(client: EntryClient, filter: ReturnType<typeof entryFilter>): Promise<Entry__Output[]> {
  const entries: Entry__Output[] = [];
  for (let token = ''; ;) {
    const request = { filter, page_size: pageSize, page_token: token };
    const page = await answer<ListEntriesResponse__Output>((done) => client.ListEntries(request, done));
    entries.push(...page.entries);
    token = page.next_page_token;
    if (token === '') return entries;
  }
}
