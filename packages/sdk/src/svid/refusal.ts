// Why a peer's chain is refused: a word for programs, a sentence for people, nothing that is secret.
import { sdkError, type SpiffeError } from '../runtime/index.js';

/** `details.reason` of `ERR_SPIFFE_VERIFY`. */
export type VerifyReason =
  | 'empty-chain'
  | 'malformed'
  | 'uri-san'
  | 'spiffe-id'
  | 'leaf-is-ca'
  | 'key-usage'
  | 'extended-key-usage'
  | 'critical-extension'
  | 'not-yet-valid'
  | 'expired'
  | 'no-bundle'
  | 'unknown-authority'
  | 'issuer-not-ca'
  | 'signature-algorithm'
  | 'signature'
  | 'path-length'
  | 'name-constraints'
  | 'too-complex';

/** The error of a failed check. */
export function refused(reason: VerifyReason, message: string, cause?: unknown): SpiffeError {
  return sdkError('ERR_SPIFFE_VERIFY', message, { details: { reason }, ...(cause === undefined ? {} : { cause }) });
}
