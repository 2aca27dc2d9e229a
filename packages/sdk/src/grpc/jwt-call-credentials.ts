// Calls that say who makes them: each brings a JWT-SVID of its moment (JWT-SVID §5.3).
import { CallCredentials, Metadata, status } from '@grpc/grpc-js';
import { isSpiffeError } from '../runtime/index.js';
import { audiences, type JwtSvidParams, type JwtSvidSource } from '../svid/index.js';

/**
 * Asks the source at each call, and sends what it gives as `authorization: Bearer <JWT-SVID>`. When it fails, the call
 * fails: with UNAVAILABLE where another try may help, otherwise with UNAUTHENTICATED.
 *
 * To be composed with channel credentials, `mtlsChannelCredentials(…).compose(jwtCallCredentials(…))`: given to a single
 * call, grpc-js would send the token over a channel without TLS too (JWT-SVID §7.3).
 *
 * @throws TypeError without an audience.
 */
export function jwtCallCredentials(source: JwtSvidSource, params: JwtSvidParams): CallCredentials {
  audiences(params.audience);
  return CallCredentials.createFromMetadataGenerator((_target, done) => {
    source.fetchJwtSvid(params).then(
      ({ token }) => {
        const metadata = new Metadata();
        metadata.set('authorization', `Bearer ${token}`);
        done(null, metadata);
      },
      (error: unknown) => {
        done(failure(error));
      },
    );
  });
}

// grpc-js ends the call with the code of the error.
function failure(error: unknown): Error {
  const mayHelpToRetry = !isSpiffeError(error) || error.retryable;
  const code = mayHelpToRetry ? status.UNAVAILABLE : status.UNAUTHENTICATED;
  const message = error instanceof Error ? error.message : 'failed';
  return Object.assign(new Error(`no JWT-SVID: ${message}`, { cause: error }), { code });
}
