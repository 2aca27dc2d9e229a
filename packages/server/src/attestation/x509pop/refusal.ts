// How x509pop refuses: with the words that SPIRE's operators know.
import type { SpiffeError } from '@credence/sdk/runtime';
import { serverError } from '../../domain/errors.js';

export const x509PopType = 'x509pop';

/** The proof cannot be read. */
export function malformed(problem: string): Error {
  return serverError('ERR_INVALID_ARGUMENT', `nodeattestor(${x509PopType}): ${problem}`);
}

/** The proof does not hold. */
export function refused(problem: string, cause?: SpiffeError): Error {
  const why = cause === undefined ? '' : `: ${cause.message}`;
  return serverError('ERR_NODE_PROOF', `nodeattestor(${x509PopType}): ${problem}${why}`, { cause });
}
