// How a command ends: its exit code, and the text of an error on standard error.
import { isSpiffeError } from '../runtime/error.js';
import { sdkError } from '../runtime/error-codes.js';
import type { SpiffeError } from '../runtime/error.js';
import { printable } from './printable.js';

export const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A command line that breaks a rule of its command: exit code 2. */
export function usageError(message: string): SpiffeError {
  return sdkError('ERR_USAGE', message);
}

export function exitCodeOf(error: unknown): ExitCode {
  return isSpiffeError(error, 'ERR_USAGE') ? exitCodes.usage : exitCodes.failed;
}

// gRPC status codes by number, spelled as Go does, which scripts look for.
const statusNames = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
] as const;

/** The name of a gRPC status code, such as `NotFound`. */
export function statusName(code: number): string {
  return statusNames[code] ?? `Code(${code})`;
}

/** The text of an error; that of a failed call is `rpc error: code = NotFound desc = …`. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (isFailedCall(error)) return `rpc error: code = ${statusName(error.code)} desc = ${printable(error.details)}`;
  return error.message;
}

/** Whether a call failed because nobody answers. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof Error && isFailedCall(error) && error.code === statusNames.indexOf('Unavailable');
}

/**
 * Whether the call that `error` is about, or was caused by, failed because the program at the other end knows no such
 * method; not where a method itself says that something is not implemented.
 */
export function isUnknownMethod(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (!isFailedCall(error)) return isUnknownMethod(error.cause);
  return error.code === statusNames.indexOf('Unimplemented') && unknownMethod.test(error.details);
}

// In the words of gRPC for Node, and for Go, where a method may lack or its whole service.
const unknownMethod =
  /^(The server does not implement the method|unknown (service|method) |method \w+ not implemented)/;

interface FailedCall extends Error {
  readonly code: number;
  readonly details: string;
}

function isFailedCall(error: Error): error is FailedCall {
  return 'code' in error && typeof error.code === 'number' && 'details' in error && typeof error.details === 'string';
}
