// Object identifiers in dotted form, their DER content, and the ones that X.509-SVIDs use.
import { sdkError } from '../runtime/index.js';

/** Object identifiers by the standards' names (RFC 5280, RFC 5480, RFC 8017, RFC 8410, RFC 2986). */
export const Oid = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  anyExtendedKeyUsage: '2.5.29.37.0',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  country: '2.5.4.6',
  organization: '2.5.4.10',
  organizationalUnit: '2.5.4.11',
  commonName: '2.5.4.3',
  serialNumber: '2.5.4.5',
  ecPublicKey: '1.2.840.10045.2.1',
  p256: '1.2.840.10045.3.1.7',
  p384: '1.3.132.0.34',
  p521: '1.3.132.0.35',
  rsaEncryption: '1.2.840.113549.1.1.1',
  ed25519: '1.3.101.112',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  ecdsaWithSha384: '1.2.840.10045.4.3.3',
  ecdsaWithSha512: '1.2.840.10045.4.3.4',
  sha256WithRsa: '1.2.840.113549.1.1.11',
  sha384WithRsa: '1.2.840.113549.1.1.12',
  sha512WithRsa: '1.2.840.113549.1.1.13',
  extensionRequest: '1.2.840.113549.1.9.14',
} as const;

// Longer ones exist in no certificate; the bound also keeps every arc a safe integer.
const longestOidBytes = 64;
const encoded = new Map<string, Buffer>();

/** The content octets of an OBJECT IDENTIFIER (X.690 §8.19); `oid` is the caller's constant, encoded once. */
export function encodeOid(oid: string): Buffer {
  let content = encoded.get(oid);
  if (content === undefined) {
    content = encodeArcs(oid);
    if (encoded.size < 256) encoded.set(oid, content);
  }
  return content;
}

/**
 * The dotted form of the content octets of an OBJECT IDENTIFIER.
 *
 * @throws SpiffeError `ERR_SPIFFE_ENCODING`
 */
export function decodeOid(content: Uint8Array, field: string): string {
  if (content.length === 0 || content.length > longestOidBytes) throw malformed(field, 'has no usable length');
  const arcs: number[] = [];
  let arc = 0;
  let continues = false;
  for (const octet of content) {
    if (!continues && octet === 0x80) throw malformed(field, 'pads an arc'); // X.690 §8.19.2
    arc = arc * 128 + (octet & 0x7f);
    if (!Number.isSafeInteger(arc)) throw malformed(field, 'has an arc above 2^53');
    continues = octet >= 0x80;
    if (!continues) {
      arcs.push(arc);
      arc = 0;
    }
  }
  if (continues) throw malformed(field, 'ends within an arc');
  const [first = 0, ...rest] = arcs;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - 40 * root, ...rest].join('.');
}

function encodeArcs(oid: string): Buffer {
  if (!/^[0-2](\.(0|[1-9]\d{0,14}))+$/.test(oid)) throw new TypeError(`"${oid}" is not an object identifier`);
  const [root = 0, second = 0, ...rest] = oid.split('.').map(Number);
  return Buffer.from([40 * root + second, ...rest].flatMap(base128));
}

function base128(arc: number): number[] {
  const octets = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) octets.unshift(0x80 | (rest % 128));
  return octets;
}

function malformed(field: string, problem: string): Error {
  return sdkError('ERR_SPIFFE_ENCODING', `${field}: the object identifier ${problem}`);
}
