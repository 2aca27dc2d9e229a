// What all streams of the Workload API have in common: the caller is attested once, when the stream opens, and is then
// sent the complete state now and after each change (SPIFFE Workload API §4.3). A slow reader misses states in between
// and never the newest; at most one message waits for it.
import { status, type handleServerStreamingCall, type ServerWritableStream } from '@grpc/grpc-js';
import { isSpiffeError, silentLogger, type Logger } from '@credence/sdk/runtime';
import { StatusError } from '@credence/sdk/wire';
import { agentError } from '../../domain/errors.js';
import type { WorkloadSnapshot } from '../../domain/workload-identity.js';
import type { PeerRegistry } from '../peer/peer-registry.js';
import type { Peer } from '../peer/peer.js';
import type { WorkloadAttestation, WorkloadSnapshots } from '../ports.js';
import { statusOf } from '../status-of.js';

export interface WorkloadApiOptions {
  readonly log: Logger;
  readonly peers: PeerRegistry;
  readonly attestation: WorkloadAttestation;
  readonly snapshots: WorkloadSnapshots;
}

/** Turns the snapshots of one stream into messages; undefined: nothing new to say. */
export type SnapshotEncoder<Response> = (snapshot: WorkloadSnapshot) => Response | undefined;

/** A streaming RPC; each stream has an encoder of its own. */
export function snapshotStream<Request, Response>(
  options: WorkloadApiOptions,
  createEncoder: (log: Logger) => SnapshotEncoder<Response>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const signal = cancellationOf(call);
    stream(call, options, createEncoder, signal).catch((error: unknown) => {
      // There is nobody left to tell.
      if (!signal.aborted) call.emit('error', statusOf(error));
    });
  };
}

async function stream<Request, Response>(
  call: ServerWritableStream<Request, Response>,
  options: WorkloadApiOptions,
  createEncoder: (log: Logger) => SnapshotEncoder<Response>,
  signal: AbortSignal,
): Promise<void> {
  const peer = options.peers.peerOf(call);
  const log = callLogger(options.log, peer, call.getPath());
  try {
    const selectors = await options.attestation.attest(peer, signal);
    const encode = createEncoder(log);
    for await (const snapshot of options.snapshots.watch(selectors, signal)) {
      checkEntitled(peer, snapshot);
      const message = encode(snapshot);
      if (message !== undefined) await send(call, message, signal);
    }
    signal.throwIfAborted();
    throw new StatusError(status.UNAVAILABLE, 'the agent is stopping');
  } catch (error) {
    if (!signal.aborted) logFailure(log, error);
    // Whoever holds the connection by now is not the process that opened it.
    if (isSpiffeError(error, 'ERR_CALLER_UNKNOWN')) peer.disconnect();
    throw error;
  }
}

function checkEntitled(peer: Peer, snapshot: WorkloadSnapshot): void {
  if (!peer.isAlive())
    throw agentError('ERR_CALLER_UNKNOWN', `process ${peer.pid} exited and left its connection open`);
  // SPIFFE Workload API §5.2.1, SPIFFE Workload Endpoint §6: also when the last identity goes while the stream is open.
  if (snapshot.identities.length === 0) throw new StatusError(status.PERMISSION_DENIED, 'no identity issued');
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

/** Aborts when the call ends, for whatever reason. */
function cancellationOf<Request, Response>(call: ServerWritableStream<Request, Response>): AbortSignal {
  const controller = new AbortController();
  call.once('cancelled', () => {
    controller.abort();
  });
  if (call.cancelled) controller.abort();
  return controller.signal;
}

function callLogger(log: Logger, peer: Peer, method: string): Logger {
  // The agent asks itself, to learn whether it is healthy.
  if (peer.pid === process.pid) return silentLogger;
  const about = { method, pid: peer.pid };
  return {
    debug: (fields, message) => {
      log.debug({ ...about, ...fields }, message);
    },
    info: (fields, message) => {
      log.info({ ...about, ...fields }, message);
    },
    warn: (fields, message) => {
      log.warn({ ...about, ...fields }, message);
    },
    error: (fields, message) => {
      log.error({ ...about, ...fields }, message);
    },
  };
}

function logFailure(log: Logger, error: unknown): void {
  if (error instanceof StatusError) log.warn({ status: status[error.code] }, error.details);
  else log.error({ err: error }, 'workload API call failed');
}
