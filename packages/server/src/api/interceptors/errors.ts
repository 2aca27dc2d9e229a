// How an error leaves the process: one table from code to gRPC status, and whether the error's own text may go with it.
// What is not in the table leaves as INTERNAL with a fixed text; the detail goes to the log.
import { status } from '@grpc/grpc-js';
import { isSpiffeError } from '@credence/sdk/runtime';
import { StatusError } from '@credence/sdk/wire';
import { serverErrors, type ServerErrorCode } from '../../domain/errors.js';
import type { Outcome } from './audit.js';

interface Row {
  readonly code: status;
  /** The text that leaves instead of the error's own. */
  readonly text?: string;
}

const internal: Row = { code: status.INTERNAL, text: 'internal error' };

const rows: Readonly<Record<ServerErrorCode, Row>> = {
  ERR_INVALID_ARGUMENT: { code: status.INVALID_ARGUMENT },
  ERR_ENTRY_NOT_FOUND: { code: status.NOT_FOUND, text: 'entry not found' },
  ERR_ENTRY_EXISTS: { code: status.ALREADY_EXISTS },
  ERR_AGENT_NOT_FOUND: { code: status.NOT_FOUND, text: 'agent not found' },
  ERR_AGENT_BANNED: { code: status.PERMISSION_DENIED },
  ERR_TOKEN_EXISTS: { code: status.INTERNAL },
  ERR_TOKEN_UNKNOWN: { code: status.INVALID_ARGUMENT },
  ERR_TOKEN_EXPIRED: { code: status.INVALID_ARGUMENT },
  ERR_BUNDLE_NOT_FOUND: { code: status.NOT_FOUND, text: 'bundle not found' },
  ERR_BUNDLE_EXISTS: { code: status.ALREADY_EXISTS },
  ERR_BUNDLE_IN_USE: { code: status.FAILED_PRECONDITION },
  ERR_RELATIONSHIP_NOT_FOUND: { code: status.NOT_FOUND, text: 'federation relationship not found' },
  ERR_RELATIONSHIP_EXISTS: { code: status.ALREADY_EXISTS },
  ERR_FEDERATION_FETCH: { code: status.INTERNAL },
  ERR_CSR: { code: status.INVALID_ARGUMENT },
  ERR_ATTESTOR_UNKNOWN: { code: status.FAILED_PRECONDITION },
  ERR_NODE_PROOF: { code: status.PERMISSION_DENIED },
  ERR_KEYS: internal,
  ERR_PROFILE: { code: status.INTERNAL, text: 'failed to sign' },
  ERR_AUTHORITY_STATE: { code: status.INTERNAL },
  ERR_UPSTREAM: { code: status.FAILED_PRECONDITION },
  ERR_NOT_READY: { code: status.UNAVAILABLE, text: 'server is initializing' },
  ERR_DATASTORE: { code: status.INTERNAL, text: 'datastore failure' },
  ERR_DATASTORE_FULL: {
    code: status.INTERNAL,
    text: "datastore failure: nothing can be written; free space on the server's disk and try again",
  },
  ERR_DATASTORE_LOCKED: {
    code: status.INTERNAL,
    text: "datastore failure: nothing can be written while another process holds the database's lock; try again",
  },
  ERR_DATASTORE_UNUSABLE: { code: status.INTERNAL, text: 'datastore failure' },
};

/** The status that `error` leaves as. Its cause is the error when something was held back that belongs in the log. */
export function toStatus(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  const row = rowOf(error);
  if (row.text === undefined && error instanceof Error) return new StatusError(row.code, error.message);
  const text = row.text ?? 'internal error';
  return new StatusError(row.code, text, row.code === status.NOT_FOUND ? {} : { cause: error });
}

function rowOf(error: unknown): Row {
  if (!isSpiffeError(error) || !isServerErrorCode(error.code)) return internal;
  return rows[error.code];
}

function isServerErrorCode(code: string): code is ServerErrorCode {
  return Object.hasOwn(serverErrors, code);
}

/** The same status with `message: ` before its text; a NOT_FOUND says only `message`. */
export function describe(message: string, error: unknown): StatusError {
  const { code, details, metadata, cause } = toStatus(error);
  const text = code === status.NOT_FOUND ? message : `${message}: ${details}`;
  return new StatusError(code, text, cause === undefined ? { metadata } : { metadata, cause });
}

/** The outcome of what succeeded. */
export const ok: Outcome = { code: status.OK, message: 'OK' };

/** How an item of a batch failed. */
export function outcomeOf({ code, details }: StatusError): Outcome {
  return { code, message: details };
}

/** NOT_FOUND with a text of its own. */
export function itemNotFound(text: string): StatusError {
  return new StatusError(status.NOT_FOUND, text);
}
