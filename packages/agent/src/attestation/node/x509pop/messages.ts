// What is said between x509pop of a server and this node: JSON, with bytes in base64.
import { z } from 'zod';
import { agentError } from '../../../domain/errors.js';

const nonceBytes = 32;

const nonce = z
  .base64()
  .transform((text) => Buffer.from(text, 'base64'))
  .refine(({ length }) => length === nonceBytes, `not ${nonceBytes} bytes`);
const challengeForm = z.object({
  rsa_signature: z.object({ nonce }).nullish(),
  ecdsa_signature: z.object({ nonce }).nullish(),
});

/** Certificates in DER, leaf first. */
export function encodePayload(certificates: readonly Uint8Array[]): Buffer {
  return encode({ certificates: certificates.map(base64) });
}

/** The server's nonce for a key of this kind. @throws ERR_SERVER_RESPONSE */
export function decodeChallenge(challenge: Uint8Array, kind: 'rsa' | 'ecdsa'): Buffer {
  const { data } = challengeForm.safeParse(parseJson(challenge));
  const wanted = kind === 'rsa' ? data?.rsa_signature : data?.ecdsa_signature;
  if (wanted !== null && wanted !== undefined) return wanted.nonce;
  throw agentError('ERR_SERVER_RESPONSE', `AttestAgent: the challenge of x509pop asks for no ${kind} signature`);
}

export function encodeRsaResponse(response: { readonly nonce: Buffer; readonly signature: Buffer }): Buffer {
  return encode({ rsa_signature: encodeBytes(response), ecdsa_signature: null });
}

export function encodeEcdsaResponse(response: {
  readonly nonce: Buffer;
  readonly r: Buffer;
  readonly s: Buffer;
}): Buffer {
  return encode({ rsa_signature: null, ecdsa_signature: encodeBytes(response) });
}

function encodeBytes(values: Readonly<Record<string, Buffer>>): object {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, base64(value)]));
}

function encode(message: object): Buffer {
  return Buffer.from(JSON.stringify(message));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function parseJson(text: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(text).toString());
  } catch {
    return undefined;
  }
}
