// Why a JWT-SVID is refused: a word for programs, a sentence for people, nothing of the token but what it names itself by.
import { sdkError, type SpiffeError } from '../runtime/index.js';

/** `details.reason` of `ERR_SPIFFE_JWT`. */
export type JwtReason =
  | 'malformed'
  | 'algorithm'
  | 'type'
  | 'key-id'
  | 'header'
  | 'subject'
  | 'audience'
  | 'expired'
  | 'not-yet-valid'
  | 'no-bundle'
  | 'unknown-authority'
  | 'signature';

/** The error of a failed check. */
export function jwtRefused(reason: JwtReason, message: string, cause?: unknown): SpiffeError {
  const text = `JWT-SVID ${message}`;
  return sdkError('ERR_SPIFFE_JWT', text, { details: { reason }, ...(cause === undefined ? {} : { cause }) });
}
