// Every code that an error of @credence/sdk carries, and whether doing the same thing again may help.
import { SpiffeError, type SpiffeErrorOptions } from './error.js';

interface Row {
  readonly retryable: boolean;
  readonly meaning: string;
}

/** The table behind `docs/errors.md`. */
export const sdkErrors = {
  ERR_SPIFFE_ID: { retryable: false, meaning: 'a SPIFFE ID or trust domain name breaks SPIFFE-ID section 2' },
  ERR_SPIFFE_ENCODING: { retryable: false, meaning: 'PEM, DER, PKCS#8 or JSON that does not parse' },
  ERR_SPIFFE_CERTIFICATE: { retryable: false, meaning: 'a certificate breaks RFC 5280 or the X.509-SVID profile' },
  ERR_SPIFFE_KEY: { retryable: false, meaning: 'a key is weak or unusable, or is not that of its certificate' },
  ERR_SPIFFE_BUNDLE: { retryable: false, meaning: 'a bundle does not parse' },
  ERR_SPIFFE_NO_BUNDLE: { retryable: false, meaning: 'no bundle is held for the trust domain' },
  ERR_SPIFFE_VERIFY: { retryable: false, meaning: 'an X.509-SVID does not verify' },
  ERR_SPIFFE_JWT: { retryable: false, meaning: 'a JWT-SVID does not parse or does not verify' },
  ERR_SPIFFE_UNAUTHENTICATED: { retryable: false, meaning: 'a request does not prove who sent it' },
  ERR_SPIFFE_UNAUTHORIZED: { retryable: false, meaning: 'the peer is authenticated but not allowed' },
  ERR_SPIFFE_ENDPOINT: { retryable: false, meaning: 'the Workload API address is missing or malformed' },
  ERR_SPIFFE_NO_IDENTITY: { retryable: true, meaning: 'the Workload API issues this process no identity' },
  ERR_SPIFFE_WORKLOAD_API: { retryable: true, meaning: 'a Workload API call failed' },
  ERR_SPIFFE_RESPONSE: { retryable: true, meaning: 'a Workload API response is malformed' },
  ERR_SPIFFE_CLOSED: { retryable: false, meaning: 'the source is closed' },
  ERR_SPIFFE_BUNDLE_ENDPOINT: { retryable: false, meaning: 'the URL or profile of a bundle endpoint is not usable' },
  ERR_SPIFFE_BUNDLE_FETCH: { retryable: true, meaning: 'a bundle was not fetched from its endpoint' },
  ERR_USAGE: { retryable: false, meaning: 'a command line breaks a rule of its command' },
  ERR_CONFIG: { retryable: false, meaning: 'a configuration file or the settings of the environment are not usable' },
  ERR_IN_USE: { retryable: false, meaning: 'a data directory, socket or port belongs to a running process' },
  ERR_PEER_CREDENTIALS: { retryable: false, meaning: 'the kernel does not say who is at the other end of a socket' },
} as const satisfies Record<string, Row>;

export type SdkErrorCode = keyof typeof sdkErrors;

/** Makes an error of the SDK. */
export function sdkError(code: SdkErrorCode, message: string, options?: SpiffeErrorOptions): SpiffeError<SdkErrorCode> {
  return new SpiffeError(code, message, { retryable: sdkErrors[code].retryable, ...options });
}
