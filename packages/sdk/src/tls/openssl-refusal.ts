// What OpenSSL refuses never reaches our own check; its word for it becomes one of ours.
import { sdkError, type SpiffeError } from '../runtime/index.js';
import type { VerifyReason } from '../svid/index.js';

type Reason = VerifyReason | 'no-certificate' | 'openssl';

const words: ReadonlyMap<string, readonly [Reason, string]> = new Map<string, readonly [Reason, string]>([
  ['CERT_HAS_EXPIRED', ['expired', 'a certificate has expired']],
  ['CERT_NOT_YET_VALID', ['not-yet-valid', 'a certificate is not yet valid']],
  ['CERT_SIGNATURE_FAILURE', ['signature', 'a signature is wrong']],
  ['PATH_LENGTH_EXCEEDED', ['path-length', 'the path is longer than an authority permits']],
  ['CERT_CHAIN_TOO_LONG', ['too-complex', 'the path is too long']],
  ['INVALID_CA', ['issuer-not-ca', 'an issuer is no authority']],
  [
    'INVALID_PURPOSE',
    ['extended-key-usage', 'the key usage, extended key usage or CA flag of a certificate does not fit its role'],
  ],
  ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', ['no-certificate', 'the peer presented no certificate']],
]);

const unknownAuthority = [
  'unknown-authority',
  'no authority of the trust domains that may connect has issued its certificate',
] as const;

const other = [
  'openssl',
  'its certificates break a rule: an ID of another trust domain than its authority, an issuer that is no authority, an ' +
    'unknown critical extension, a weak signature',
] as const;

/** The refusal behind Node's code for it, `ERR_SPIFFE_VERIFY`; the code is kept in `details.openssl`. */
export function opensslRefusal(code: string, claimedId?: string, cause?: unknown): SpiffeError {
  const isUnknown = /SELF_SIGNED|GET_ISSUER_CERT|VERIFY_LEAF_SIGNATURE|CERT_UNTRUSTED/.test(code);
  const [reason, problem] = words.get(code) ?? (isUnknown ? unknownAuthority : other);
  return sdkError('ERR_SPIFFE_VERIFY', `peer ${claimedId ?? 'without a known ID'} was refused by OpenSSL: ${problem}`, {
    details: { reason, openssl: code, ...(claimedId === undefined ? {} : { claimedId }) },
    cause,
  });
}

/** The refusal behind a handshake that a server could not finish; undefined when it failed for another reason. */
export function handshakeRefusal(error: Error, authorizationError: unknown): SpiffeError | undefined {
  if (typeof authorizationError === 'string') return opensslRefusal(authorizationError, undefined, error);
  const code = 'code' in error ? error.code : undefined;
  return typeof code === 'string' && words.has(code) ? opensslRefusal(code, undefined, error) : undefined;
}
