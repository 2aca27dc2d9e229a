// Base64 as JOSE carries bytes: base64url without padding (RFC 7515 §2), and standard base64 in x5c (RFC 7517 §4.7). One
// spelling a value: Buffer skips junk and takes both alphabets, so only what encodes back to the same text is accepted.

/** The bytes of a base64url text, or undefined: another alphabet, padding, white space, or unused bits that are set. */
export function decodeBase64Url(text: string): Buffer | undefined {
  return decode(text, 'base64url');
}

/** The bytes of a standard base64 text with its padding, or undefined as above. */
export function decodeBase64(text: string): Buffer | undefined {
  return decode(text, 'base64');
}

function decode(text: string, alphabet: 'base64' | 'base64url'): Buffer | undefined {
  const bytes = Buffer.from(text, alphabet);
  return bytes.toString(alphabet) === text ? bytes : undefined;
}
