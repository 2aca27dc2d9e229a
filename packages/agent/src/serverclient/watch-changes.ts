// WatchChanges, of Credence's servers: a ring for each change that concerns this agent.
import type { ChangesClient } from '@credence/sdk/wire/gen/credence/server/v1/Changes.js';
import type { WatchChangesResponse__Output } from '@credence/sdk/wire/gen/credence/server/v1/WatchChangesResponse.js';

/** What has changed. Neither: the watch has begun. */
export type Ring = Readonly<WatchChangesResponse__Output>;

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
    for await (const ring of stream as AsyncIterable<WatchChangesResponse__Output>) yield ring;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', cancel);
    stream.cancel();
  }
}
