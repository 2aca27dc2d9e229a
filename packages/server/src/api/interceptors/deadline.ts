// How long a call may last: as its client says, and never without end. The signal of a call aborts when the call has
// ended, so that nothing is done any more for a client that has gone.
import { status, type Deadline } from '@grpc/grpc-js';
import type { Clock } from '@credence/sdk/runtime';
import { StatusError } from '@credence/sdk/wire';

/** For clients that set no deadline. */
export const longestCallMs = 60_000;

export interface CallLifetime {
  readonly deadline: Date;
  /** Aborts with a StatusError when the client is gone or the deadline has passed, and after the call's end. */
  readonly signal: AbortSignal;
  /** Never resolves; rejects with the StatusError DEADLINE_EXCEEDED. */
  readonly expired: Promise<never>;
}

interface Cancellable {
  getDeadline(): Deadline;
  once(event: 'cancelled', listener: () => void): unknown;
}

/** Watches a call. grpc-js emits `cancelled` at the end of every call, so that nothing outlives it. */
export function watchLifetime(rpc: Cancellable, clock: Clock, longestMs: number): CallLifetime {
  const controller = new AbortController();
  rpc.once('cancelled', () => {
    controller.abort(new StatusError(status.CANCELLED, 'call cancelled'));
  });
  const now = clock.now().getTime();
  const deadline = new Date(Math.min(new Date(rpc.getDeadline()).getTime() || Infinity, now + longestMs));
  const { signal } = controller;
  const expired = clock.sleep(deadline.getTime() - now, { signal, ref: false }).then(() => {
    const reason = new StatusError(status.DEADLINE_EXCEEDED, 'Deadline exceeded');
    controller.abort(reason);
    throw reason;
  });
  // A call that ends in time leaves nobody to hear of its abort.
  expired.catch(() => undefined);
  return { deadline, signal, expired };
}
