// From an error to the status that a caller sees: one table for all codes of the agent. Whatever is not in the table
// leaves as INTERNAL with a fixed text; what it really was belongs in the log.
import { status } from '@grpc/grpc-js';
import { isSpiffeError } from '@credence/sdk/runtime';
import { StatusError } from '@credence/sdk/wire';
import type { AgentErrorCode } from '../domain/errors.js';

interface Row {
  readonly code: status;
  /** Undefined: the message of the error, which is written for callers. */
  readonly text: string | undefined;
}

const internal: Row = { code: status.INTERNAL, text: 'internal error' };
// SPIFFE Workload Endpoint §6: what may be better on the next attempt is Unavailable.
const attestationFailed: Row = { code: status.UNAVAILABLE, text: 'workload attestation failed' };
const serverAway: Row = { code: status.UNAVAILABLE, text: 'the server does not serve the agent' };

const rows = {
  ERR_CALLER_UNKNOWN: attestationFailed,
  ERR_CALLER_LIMIT: { code: status.RESOURCE_EXHAUSTED, text: 'too many connections' },
  ERR_ATTESTATION: attestationFailed,
  ERR_CALLER_RATE: { code: status.UNAVAILABLE, text: undefined },
  ERR_JWT_SVID: { code: status.UNAVAILABLE, text: undefined },
  ERR_SERVER_UNREACHABLE: serverAway,
  ERR_SERVER_REFUSED: serverAway,
  ERR_SERVER_RESPONSE: serverAway,
  ERR_BOOTSTRAP: internal,
  ERR_STORAGE: internal,
} as const satisfies Record<AgentErrorCode, Row>;

const rowByCode: ReadonlyMap<string, Row> = new Map(Object.entries(rows));

/** The status with which a call ends that failed with `error`. */
export function statusOf(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  const row = isSpiffeError(error) ? rowByCode.get(error.code) : undefined;
  if (row === undefined) return new StatusError(internal.code, 'internal error', { cause: error });
  const text = row.text ?? (isSpiffeError(error) ? error.message : '');
  return new StatusError(row.code, text, { cause: error });
}
