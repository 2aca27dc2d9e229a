// What all streams of the Workload API have in common: the caller is attested once, when the stream opens, and is then
// sent the complete state now and after each change (SPIFFE Workload API §4.3). A slow reader misses states in between
// and never the newest; at most one message waits for it.
import { status, type handleServerStreamingCall, type ServerWritableStream } from '@grpc/grpc-js';
import type { Logger } from '@credence/sdk/runtime';
import { StatusError } from '@credence/sdk/wire';
import type { WorkloadSnapshot } from '../../domain/workload-identity.js';
import { statusOf } from '../status-of.js';
import {
  cancellationOf,
  checkAlive,
  noIdentity,
  serveCaller,
  type Caller,
  type WorkloadApiOptions,
} from './serve-caller.js';

/** Turns the snapshots of one stream into messages; undefined: nothing new to say. */
export type SnapshotEncoder<Response> = (snapshot: WorkloadSnapshot) => Response | undefined;

export interface SnapshotStreamOptions<Response> {
  /** Each stream has an encoder of its own. */
  readonly createEncoder: (log: Logger) => SnapshotEncoder<Response>;
  /** Whether also callers without an identity are answered. */
  readonly forEverybody: boolean;
}

/** A streaming RPC. */
export function snapshotStream<Request, Response>(
  options: WorkloadApiOptions,
  about: SnapshotStreamOptions<Response>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const signal = cancellationOf(call);
    serveCaller(call, options, signal, (caller) => stream(call, options, about, caller)).catch((error: unknown) => {
      // There is nobody left to tell.
      if (!signal.aborted) call.emit('error', statusOf(error));
    });
  };
}

async function stream<Request, Response>(
  call: ServerWritableStream<Request, Response>,
  { attestation, snapshots }: WorkloadApiOptions,
  { createEncoder, forEverybody }: SnapshotStreamOptions<Response>,
  { peer, log, signal }: Caller,
): Promise<never> {
  const selectors = await attestation.attest(peer, signal);
  const encode = createEncoder(log);
  for await (const snapshot of snapshots.watch(selectors, signal)) {
    checkAlive(peer);
    // SPIFFE Workload API §5.2.1: also when the last identity goes while the stream is open.
    if (snapshot.identities.length === 0 && !forEverybody) throw noIdentity();
    const message = encode(snapshot);
    if (message !== undefined) await send(call, message, signal);
  }
  signal.throwIfAborted();
  throw new StatusError(status.UNAVAILABLE, 'the agent is stopping');
}

// Resolves when HTTP/2 flow control has let the message go: before that, no other is made.
function send<Response>(
  call: ServerWritableStream<unknown, Response>,
  message: Response,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const abort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
    call.write(message, () => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
  });
}
