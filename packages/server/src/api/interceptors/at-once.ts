// How many calls of one identity may be under way at the same time, where an answer is large: it stays in memory until
// its reader has taken it, and a reader may take none of it.
import { status } from '@grpc/grpc-js';
import { StatusError } from '@credence/sdk/wire';
import type { Call } from '../call.js';

// An agent synchronizes by one call, and asks for ten federated bundles at a time.
const mostAtOnce: ReadonlyMap<string, number> = new Map([
  ['/spire.api.server.entry.v1.Entry/GetAuthorizedEntries', 4],
  ['/spire.api.server.entry.v1.Entry/SyncAuthorizedEntries', 16],
  ['/spire.api.server.bundle.v1.Bundle/GetFederatedBundle', 16],
  ['/credence.server.v1.Changes/GetEntries', 16],
]);

export class CallsAtOnce {
  readonly #open = new Map<string, number>();

  /** Counts the call until it has ended, its answer taken. @throws StatusError RESOURCE_EXHAUSTED */
  enter({ method, connection, signal }: Pick<Call, 'method' | 'connection' | 'signal'>): void {
    const most = mostAtOnce.get(method);
    if (most === undefined || connection.kind === 'local') return;
    const key = `${method} ${connection.peer?.id.toString() ?? connection.address}`;
    const open = this.#open.get(key) ?? 0;
    if (open >= most) {
      throw new StatusError(status.RESOURCE_EXHAUSTED, `more than ${most} calls of ${method} at the same time`);
    }
    this.#open.set(key, open + 1);
    signal.addEventListener('abort', () => {
      this.#leave(key);
    });
  }

  #leave(key: string): void {
    const left = (this.#open.get(key) ?? 1) - 1;
    if (left === 0) this.#open.delete(key);
    else this.#open.set(key, left);
  }
}
