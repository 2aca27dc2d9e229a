// The Changes service of Credence's servers: a ring for each change that concerns this agent, and what has changed.
import type { ChangesClient } from '@credence/sdk/wire/gen/credence/server/v1/Changes.js';
import type { WatchChangesResponse__Output } from '@credence/sdk/wire/gen/credence/server/v1/WatchChangesResponse.js';
import type { AuthorizedEntry } from '../domain/authorized-entry.js';
import { unary } from './calls.js';
import { parseEntries, type SyncEntriesOptions } from './sync-entries.js';

/** What has changed, with the IDs of the entries if they are known. Neither: the watch has begun. */
export interface Ring {
  readonly entries: boolean;
  readonly bundles: boolean;
  readonly entryIds: readonly string[];
}

/** Ends with the call. @throws ServiceError, the signal's reason */
export async function* watchChanges(client: ChangesClient, signal: AbortSignal): AsyncGenerator<Ring, void, undefined> {
  signal.throwIfAborted();
  const stream = client.watchChanges({});
  stream.on('error', () => undefined); // thrown below; after cancel() nobody listens any more
  const cancel = (): void => {
    stream.cancel();
  };
  signal.addEventListener('abort', cancel, { once: true });
  try {
    for await (const ring of stream as AsyncIterable<WatchChangesResponse__Output>) {
      yield { entries: ring.entries, bundles: ring.bundles, entryIds: ring.entry_ids };
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', cancel);
    stream.cancel();
  }
}

/** Those of the entries that the agent is authorized for; malformed ones are left out with a warning. @throws ServiceError */
export async function getEntries(
  client: ChangesClient,
  ids: readonly string[],
  options: SyncEntriesOptions,
  signal: AbortSignal,
): Promise<readonly AuthorizedEntry[]> {
  const { entries } = await unary(client.getEntries.bind(client), { ids: [...ids] }, signal);
  const asked = new Set(ids);
  return parseEntries(
    entries.filter(({ id }) => asked.has(id)),
    new Map(),
    options,
  );
}
