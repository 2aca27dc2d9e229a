// SyncAuthorizedEntries: the whole list when it is short; otherwise revisions first, then only what is new or changed.
import type { Logger } from '@credence/sdk/runtime';
import type { TrustDomain } from '@credence/sdk';
import type { SyncAuthorizedEntriesRequest } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/SyncAuthorizedEntriesRequest.js';
import type { SyncAuthorizedEntriesResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/SyncAuthorizedEntriesResponse.js';
import type { Entry__Output } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import { isSameRevision, type AuthorizedEntry, type EntryRevision } from '../domain/authorized-entry.js';
import { agentError } from '../domain/errors.js';
import type { Exchange } from './calls.js';
import { entryMask, parseEntry, parseRevision } from './entry-wire.js';

export interface SyncEntriesOptions {
  readonly trustDomain: TrustDomain;
  readonly log: Logger;
}

type SyncExchange = Pick<
  Exchange<SyncAuthorizedEntriesRequest, SyncAuthorizedEntriesResponse__Output>,
  'send' | 'receive'
>;

/**
 * Every entry that the agent is authorized for. Those of `known` whose revision is unchanged are returned as they are;
 * malformed ones are left out with a warning.
 *
 * @throws ERR_SERVER_RESPONSE when the server breaks the protocol, and the errors of the exchange.
 */
export async function syncEntries(
  exchange: SyncExchange,
  known: ReadonlyMap<string, AuthorizedEntry>,
  options: SyncEntriesOptions,
): Promise<readonly AuthorizedEntry[]> {
  exchange.send({ output_mask: entryMask });
  const first = await receive(exchange);
  if (first.entry_revisions.length === 0) return parseEntries(first.entries, known, options);
  const revisions = await receiveRevisions(exchange, first);
  const unchanged: AuthorizedEntry[] = [];
  const wanted: string[] = [];
  for (const revision of revisions) {
    const held = known.get(revision.id);
    if (held !== undefined && isSameRevision(held, revision)) unchanged.push(held);
    else wanted.push(revision.id);
  }
  const received = await fetchEntries(exchange, wanted.sort(), first.entry_revisions.length);
  return [...unchanged, ...parseEntries(received, known, options)];
}

async function receiveRevisions(
  exchange: SyncExchange,
  first: SyncAuthorizedEntriesResponse__Output,
): Promise<readonly EntryRevision[]> {
  const revisions = new Map<string, EntryRevision>();
  for (let page = first; ; page = await receive(exchange)) {
    if (page.entries.length > 0) throw broken('entries came among revisions');
    for (const revision of page.entry_revisions) revisions.set(revision.id, parseRevision(revision));
    if (!page.more) return [...revisions.values()];
  }
}

async function fetchEntries(
  exchange: SyncExchange,
  ids: readonly string[],
  chunkSize: number,
): Promise<readonly Entry__Output[]> {
  const entries: Entry__Output[] = [];
  for (let start = 0; start < ids.length; start += chunkSize) {
    const chunk = ids.slice(start, start + chunkSize);
    exchange.send({ ids: chunk });
    const asked = new Set(chunk);
    for (let more = true; more;) {
      const page = await receive(exchange);
      if (page.entry_revisions.length > 0) throw broken('revisions came among entries');
      if (page.entries.some(({ id }) => !asked.has(id))) throw broken('an entry came that was not asked for');
      entries.push(...page.entries);
      more = page.more;
    }
  }
  return entries;
}

/** Those of `known` whose revision is unchanged as they are; malformed ones are left out with a warning. */
export function parseEntries(
  entries: readonly Entry__Output[],
  known: ReadonlyMap<string, AuthorizedEntry>,
  { trustDomain, log }: SyncEntriesOptions,
): readonly AuthorizedEntry[] {
  const parsed = new Map<string, AuthorizedEntry>();
  for (const entry of entries) {
    try {
      const held = known.get(entry.id);
      // Most are what they were: only the others are worth the parsing.
      const unchanged = held !== undefined && isSameRevision(held, parseRevision(entry));
      parsed.set(entry.id, unchanged ? held : parseEntry(entry, trustDomain));
    } catch (error) {
      log.warn({ entryId: entry.id, error }, 'malformed registration entry skipped');
    }
  }
  return [...parsed.values()];
}

async function receive(exchange: SyncExchange): Promise<SyncAuthorizedEntriesResponse__Output> {
  const response = await exchange.receive();
  if (response === undefined) throw broken('the call ended early');
  return response;
}

function broken(problem: string): Error {
  return agentError('ERR_SERVER_RESPONSE', `SyncAuthorizedEntries: ${problem}`);
}
