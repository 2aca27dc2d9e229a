// What is said between a node and x509pop: JSON, with bytes in base64.
import { z } from 'zod';
import { malformed } from './refusal.js';

/** Five certificates with RSA keys of 8192 bits and a hundred names each fit. */
const longestPayload = 128 * 1024;
/** A signature by RSA of 8192 bits fits. */
const longestResponse = 8 * 1024;

const bytes = z.base64().transform((text) => Buffer.from(text, 'base64'));
const payloadForm = z.object({ certificates: z.array(bytes) });
const responseForm = z.object({
  rsa_signature: z.object({ nonce: bytes, signature: bytes }).nullish(),
  ecdsa_signature: z.object({ nonce: bytes, r: bytes, s: bytes }).nullish(),
});

export type KeyKind = 'rsa' | 'ecdsa';

/** The answer to a challenge: the node's own nonce, and a signature over both nonces. */
export type Response = z.output<typeof responseForm>;

/** Certificates in DER, leaf first. @throws `ERR_INVALID_ARGUMENT` */
export function decodePayload(payload: Uint8Array): readonly Buffer[] {
  if (payload.length > longestPayload) throw malformed(`attestation data is longer than ${longestPayload} bytes`);
  return decode(payload, payloadForm, 'failed to unmarshal data').certificates;
}

export function encodeChallenge(kind: KeyKind, nonce: Buffer): Buffer {
  const challenge = { nonce: nonce.toString('base64') };
  const [rsa, ecdsa] = kind === 'rsa' ? [challenge, null] : [null, challenge];
  return Buffer.from(JSON.stringify({ rsa_signature: rsa, ecdsa_signature: ecdsa }));
}

/** @throws `ERR_INVALID_ARGUMENT` */
export function decodeResponse(response: Uint8Array): Response {
  if (response.length > longestResponse) throw malformed(`challenge response is longer than ${longestResponse} bytes`);
  return decode(response, responseForm, 'unable to unmarshal challenge response');
}

function decode<Form extends z.ZodType>(text: Uint8Array, form: Form, refusal: string): z.output<Form> {
  const result = form.safeParse(parseJson(text));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw malformed(`${refusal}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
}

function parseJson(text: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(text).toString());
  } catch {
    return undefined;
  }
}
