// Certificate requests (PKCS#10, RFC 2986) that no library makes: any subject, attributes and key, DER put together by hand
// and then signed as it is.
import { sign, type KeyObject } from 'node:crypto';
import { publicKeyInfoOf } from '@credence/sdk/keys';
import { encodeOid, signatureAlgorithmOf } from '@credence/sdk/x509';

/** A value in DER from its tag and its content. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.of(tag), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length < 128) return Buffer.of(length);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  const significant = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
  return Buffer.concat([Buffer.of(0x80 + significant.length), significant]);
}

export const sequence = (...contents: readonly Uint8Array[]): Buffer => der(0x30, ...contents);
export const set = (...contents: readonly Uint8Array[]): Buffer => der(0x31, ...contents);
export const oid = (dotted: string): Buffer => der(6, encodeOid(dotted));
export const bits = (content: Uint8Array): Buffer => der(3, Buffer.of(0), content);
const isTrue = der(1, Buffer.of(0xff));

export interface ForgedParts {
  /** Signs; its public half is asked for, unless `publicKeyInfo` is given. */
  readonly key: KeyObject;
  readonly publicKeyInfo?: Uint8Array;
  /** X.501 Name; empty by default. */
  readonly subject?: Uint8Array;
  readonly attributes?: readonly Uint8Array[];
  /** AlgorithmIdentifier of the signature, if not that of the key. */
  readonly algorithm?: Uint8Array;
  /** Zero is version 1. */
  readonly version?: number;
}

/** A request that says this and is signed over it. */
export function forgeRequest({ key, version = 0, ...parts }: ForgedParts): Buffer {
  const { publicKeyInfo = publicKeyInfoOf(key), subject = sequence(), attributes = [] } = parts;
  const info = sequence(der(2, Buffer.of(version)), subject, publicKeyInfo, der(0xa0, ...attributes));
  const digest = key.asymmetricKeyType === 'ed25519' ? null : digestOf(key);
  return sequence(info, parts.algorithm ?? signatureAlgorithmOf(key).der, bits(sign(digest, info, key)));
}

// As the profile's algorithms go: the digest that is as long as the curve.
function digestOf({ asymmetricKeyDetails: details }: KeyObject): string {
  if (details?.namedCurve === 'secp384r1') return 'sha384';
  return details?.namedCurve === 'secp521r1' ? 'sha512' : 'sha256';
}

/** RFC 2985 §5.4.2. */
export function extensionRequest(...extensions: readonly Uint8Array[]): Buffer {
  return attribute('1.2.840.113549.1.9.14', sequence(...extensions));
}

export function attribute(type: string, ...values: readonly Uint8Array[]): Buffer {
  return sequence(oid(type), set(...values));
}

/** A critical extension, RFC 5280 §4.1. */
export function extension(type: string, value: Uint8Array): Buffer {
  return sequence(oid(type), isTrue, der(4, value));
}

/** A common name, as UTF8String. */
export function commonName(text: string): Buffer {
  return sequence(set(sequence(oid('2.5.4.3'), der(0x0c, Buffer.from(text)))));
}

/** GeneralName (RFC 5280 §4.2.1.6). */
export const generalName = {
  otherName: der(0xa0, oid('1.3.6.1.4.1.311.20.2.3'), der(0xa0, der(0x0c, Buffer.from('root@example.org')))),
  rfc822Name: der(0x81, Buffer.from('root@example.org')),
  dNSName: (name: string): Buffer => der(0x82, Buffer.from(name, 'latin1')),
  x400Address: der(0xa3),
  directoryName: der(0xa4, commonName('root')),
  ediPartyName: der(0xa5, der(0xa1, der(0x0c, Buffer.from('root')))),
  uri: (text: string): Buffer => der(0x86, Buffer.from(text, 'latin1')),
  iPAddress: der(0x87, Buffer.of(127, 0, 0, 1)),
  registeredID: der(0x88, encodeOid('1.2.3.4')),
};

/** The extension request for these names. */
export function names(...generalNames: readonly Uint8Array[]): Buffer {
  return extensionRequest(extension('2.5.29.17', sequence(...generalNames)));
}
