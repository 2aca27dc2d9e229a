// What all calls of the agent's sockets have in common: who is calling is settled at the start, failures are logged once, and
// whoever holds a connection that it has not opened loses it.
import { status } from '@grpc/grpc-js';
import { isSpiffeError, silentLogger, type Clock, type Logger } from '@credence/sdk/runtime';
import { StatusError } from '@credence/sdk/wire';
import { agentError } from '../../domain/errors.js';
import { reasonOf, type EndpointObserver } from '../observer.js';
import type { CallLimits } from '../peer/call-limits.js';
import type { FailureLog } from '../peer/failure-log.js';
import type { PeerRegistry } from '../peer/peer-registry.js';
import type { Peer } from '../peer/peer.js';
import type { WorkloadAttestation, WorkloadJwtSvids, WorkloadSnapshots } from '../ports.js';

/** What every call needs, whichever the service. */
export interface CallOptions {
  readonly log: Logger;
  readonly peers: PeerRegistry;
  readonly observer: EndpointObserver;
  readonly failures: FailureLog;
}

export interface WorkloadApiOptions extends CallOptions {
  readonly clock: Clock;
  readonly attestation: WorkloadAttestation;
  readonly snapshots: WorkloadSnapshots;
  readonly jwtSvids: WorkloadJwtSvids;
  readonly limits: CallLimits;
  readonly rules: WorkloadApiRules;
}

/** What an operator may allow. */
export interface WorkloadApiRules {
  /** Whether callers without an identity are given the own trust domain's bundles. */
  readonly allowUnauthenticatedVerifiers: boolean;
  /** Claims of foreign JWT-SVIDs that ValidateJWTSVID tells of besides `sub`, `exp` and `aud`. */
  readonly allowedForeignJwtClaims: readonly string[];
}

/** The side of a gRPC call that has nothing to do with messages. */
export interface Call {
  readonly cancelled: boolean;
  getPeer(): string;
  getPath(): string;
  once(event: 'cancelled', listener: () => void): unknown;
}

export interface Caller {
  readonly peer: Peer;
  readonly log: Logger;
  /** Aborts when the call ends, for whatever reason. */
  readonly signal: AbortSignal;
}

/** @throws what `serve` throws */
export async function serveCaller<T>(
  call: Call,
  { log, peers, observer, failures }: CallOptions,
  signal: AbortSignal,
  serve: (caller: Caller) => Promise<T>,
): Promise<T> {
  const peer = peers.peerOf(call);
  const callLog = callLogger(log, peer, call.getPath());
  try {
    return await serve({ peer, log: callLog, signal });
  } catch (error) {
    if (!signal.aborted) {
      failures.report(peer, (unreported) => {
        logFailure(callLog, error, unreported === 0 ? {} : { unreported });
      });
      observer.callRefused(call.getPath(), reasonOf(error));
    }
    // Whoever holds the connection by now is not the process that opened it.
    if (isSpiffeError(error, 'ERR_CALLER_UNKNOWN')) peer.disconnect();
    throw error;
  }
}

/** To be asked right before something is given out. @throws ERR_CALLER_UNKNOWN */
export function checkAlive(peer: Peer): void {
  if (!peer.isAlive()) {
    throw agentError('ERR_CALLER_UNKNOWN', `process ${peer.pid} exited and left its connection open`);
  }
}

/** SPIFFE Workload Endpoint §6. */
export function noIdentity(): StatusError {
  return new StatusError(status.PERMISSION_DENIED, 'no identity issued');
}

/** Aborts when the call ends, for whatever reason. */
export function cancellationOf(call: Call): AbortSignal {
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

function logFailure(log: Logger, error: unknown, about: object): void {
  if (error instanceof StatusError) log.warn({ status: status[error.code], ...about }, error.details);
  else log.error({ err: error, ...about }, 'call failed');
}
