// What an entry that could not be stored is answered with.
import { status } from '@grpc/grpc-js';
import { isSpiffeError } from '@credence/sdk/runtime';
import { StatusError } from '@credence/sdk/wire';
import { describe } from '../interceptors/errors.js';

/** The status of a failed write, after `message`. */
export function entryFailure(message: string, error: unknown): StatusError {
  // NOT_FOUND would say that the entry is missing.
  if (isSpiffeError(error, 'ERR_BUNDLE_NOT_FOUND')) {
    return new StatusError(status.INTERNAL, `${message}: ${error.message}`);
  }
  return describe(message, error);
}

/** Runs a check whose failure says that the request's entry is not one. */
export function converted<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw describe('failed to convert entry', error);
  }
}
