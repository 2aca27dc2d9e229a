// What all streams of the Workload API have in common: the caller is attested once, when the stream opens, and is then
// sent the complete state now and after each change (SPIFFE Workload API §4.3). A slow reader misses states in between
// and never the newest; at most one message waits for it.
import type { handleServerStreamingCall } from '@grpc/grpc-js';
import type { Logger } from '@credence/sdk/runtime';
import type { LimitedCall } from '../../domain/rate-limits.js';
import type { WorkloadSnapshot } from '../../domain/workload-identity.js';
import { streamAnswer } from '../stream-answer.js';
import { checkAlive, noIdentity, type Caller, type WorkloadApiOptions } from './serve-caller.js';

/** Turns the snapshots of one stream into messages; undefined: nothing new to say. */
export type SnapshotEncoder<Response> = (snapshot: WorkloadSnapshot) => Response | undefined;

export interface SnapshotStreamOptions<Response> {
  /** Each stream has an encoder of its own. */
  readonly createEncoder: (log: Logger) => SnapshotEncoder<Response>;
  /** Whether also callers without an identity are answered. */
  readonly forEverybody: boolean;
  /** As what its opening counts. */
  readonly counts: LimitedCall;
}

/** A streaming RPC. */
export function snapshotStream<Request, Response>(
  options: WorkloadApiOptions,
  about: SnapshotStreamOptions<Response>,
): handleServerStreamingCall<Request, Response> {
  return streamAnswer(options, (_request, caller) => messages(options, about, caller));
}

async function* messages<Response>(
  { attestation, snapshots, limits }: WorkloadApiOptions,
  { createEncoder, forEverybody, counts }: SnapshotStreamOptions<Response>,
  { peer, log, signal }: Caller,
): AsyncGenerator<Response, void, undefined> {
  const selectors = await attestation.attest(peer, signal);
  limits.check(counts, peer, selectors);
  const encode = createEncoder(log);
  for await (const snapshot of snapshots.watch(selectors, signal)) {
    checkAlive(peer);
    // SPIFFE Workload API §5.2.1: also when the last identity goes while the stream is open.
    if (snapshot.identities.length === 0 && !forEverybody) throw noIdentity();
    const message = encode(snapshot);
    if (message !== undefined) yield message;
  }
}
