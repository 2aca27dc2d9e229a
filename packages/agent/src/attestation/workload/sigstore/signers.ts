// Who may have signed: identities by their OpenID issuer, each a text or a pattern.
import { problem } from './problem.js';

/** Whom a certificate of Fulcio names. */
export interface Signer {
  /** The OpenID provider that said who it is, a URL. */
  readonly issuer: string;
  /** An email address, a URI, or a user name. */
  readonly subject: string;
}

/** Each a text, or a regular expression when it has one of `*+?^${}[]|()`; it has to match all of the value. */
export interface AllowedSigner {
  readonly issuer: string;
  readonly subject: string;
}

/** @throws ERR_ATTESTATION when some are allowed and this one is none of them. */
export function checkSigner(signer: Signer, allowed: readonly AllowedSigner[]): void {
  if (allowed.length === 0 || allowed.some((one) => isSigner(one, signer))) return;
  const who = `${JSON.stringify(signer.subject)} of ${JSON.stringify(signer.issuer)}`;
  throw problem(`signed by ${who}, which allowed_identities does not name`);
}

function isSigner(allowed: AllowedSigner, { issuer, subject }: Signer): boolean {
  return matches(allowed.issuer, issuer) && matches(allowed.subject, subject);
}

// All of it, or ".*@example\.com" would let in "eve@example.com.evil.test". What takes long ends with the thread.
function matches(pattern: string, value: string): boolean {
  return pattern === value || (/[*+?^${}[\]|()]/.test(pattern) && new RegExp(`^(?:${pattern})$`).test(value));
}
