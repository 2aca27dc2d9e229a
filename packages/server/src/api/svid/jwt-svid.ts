// What minting and renewing a JWT-SVID have in common.
import { status } from '@grpc/grpc-js';
import { StatusError } from '@credence/sdk/wire';
import type { JwtSvidIssuer } from '../../ca/ports.js';
import { serverError } from '../../domain/errors.js';

// A token travels in a header, and no server takes a longer one.
const longestAudience = 16 * 1024;

/** @throws StatusError UNIMPLEMENTED when JWT-SVIDs are switched off */
export function requireJwtIssuer(issuer: JwtSvidIssuer | undefined): JwtSvidIssuer {
  if (issuer !== undefined) return issuer;
  throw new StatusError(status.UNIMPLEMENTED, 'JWT functionality is disabled');
}

/** The values of `aud`, the empty ones left out (JWT-SVID §3.2). @throws `ERR_INVALID_ARGUMENT` */
export function decodeAudience(audience: readonly string[]): readonly string[] {
  const values = audience.filter((value) => value !== '');
  if (values.length === 0) throw serverError('ERR_INVALID_ARGUMENT', 'at least one audience is required');
  const bytes = values.reduce((sum, value) => sum + Buffer.byteLength(value), 0);
  if (bytes > longestAudience) {
    throw serverError('ERR_INVALID_ARGUMENT', `audience is longer than ${longestAudience} bytes`);
  }
  return values;
}
