// Encoders of the extensions that Credence signs (RFC 5280 §4.2.1).
import { DerWriter, encodeOid, Oid, Tag } from '../der/index.js';
import type { Extension } from './extension.js';

/** KeyUsage (RFC 5280 §4.2.1.3), by the number of the bit. */
export const keyUsageBits = {
  digitalSignature: 0,
  nonRepudiation: 1,
  keyEncipherment: 2,
  dataEncipherment: 3,
  keyAgreement: 4,
  keyCertSign: 5,
  cRLSign: 6,
  encipherOnly: 7,
  decipherOnly: 8,
} as const;

export type KeyUsage = keyof typeof keyUsageBits;

/** RFC 5280 §4.2.1.3; always critical (X509-SVID §4.3). */
export function keyUsageExtension(usages: readonly KeyUsage[]): Extension {
  const writer = new DerWriter(8);
  const bits = Buffer.alloc(2);
  for (const usage of usages) setBit(bits, keyUsageBits[usage]);
  const [first = 0, second = 0] = bits;
  const used = bits.subarray(0, second !== 0 ? 2 : first !== 0 ? 1 : 0);
  writer.bitString(used, trailingZeros(used.at(-1) ?? 0)); // no trailing zero bits, X.690 §11.2.2
  return { oid: Oid.keyUsage, critical: true, value: writer.finish() };
}

export interface BasicConstraints {
  readonly ca: boolean;
  /** How many intermediate certificates may follow; only with `ca`. */
  readonly pathLength?: number | undefined;
}

/** RFC 5280 §4.2.1.9; always critical, as SPIRE issues it. */
export function basicConstraintsExtension({ ca, pathLength }: BasicConstraints): Extension {
  if (pathLength !== undefined && !ca) throw new TypeError('pathLength needs ca');
  const writer = new DerWriter(16);
  if (pathLength !== undefined) writer.unsignedInteger(bigEndian(pathLength));
  if (ca) writer.boolean(true);
  writer.header(Tag.sequence, 0);
  return { oid: Oid.basicConstraints, critical: true, value: writer.finish() };
}

/** RFC 5280 §4.2.1.2 */
export function subjectKeyIdExtension(keyId: Uint8Array): Extension {
  const writer = new DerWriter(24);
  writer.primitive(Tag.octetString, keyId);
  return { oid: Oid.subjectKeyIdentifier, critical: false, value: writer.finish() };
}

/** RFC 5280 §4.2.1.1, the key identifier of the issuer. */
export function authorityKeyIdExtension(keyId: Uint8Array): Extension {
  const writer = new DerWriter(32);
  writer.primitive(Tag.context(0), keyId);
  writer.header(Tag.sequence, 0);
  return { oid: Oid.authorityKeyIdentifier, critical: false, value: writer.finish() };
}

export interface SubjectAltNames {
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  /** True when the subject is empty (RFC 5280 §4.2.1.6, X509-SVID §3.1). Default false. */
  readonly critical?: boolean;
}

/** RFC 5280 §4.2.1.6; DNS names first, as Go writes them. */
export function subjectAltNameExtension({ uris = [], dnsNames = [], critical = false }: SubjectAltNames): Extension {
  if (uris.length + dnsNames.length === 0) throw new TypeError('a subject alternative name needs a name');
  const writer = new DerWriter(256);
  for (const uri of uris.toReversed()) writer.ascii(Tag.context(6), checkedAscii(uri));
  for (const name of dnsNames.toReversed()) writer.ascii(Tag.context(2), checkedAscii(name));
  writer.header(Tag.sequence, 0);
  return { oid: Oid.subjectAltName, critical, value: writer.finish() };
}

/** RFC 5280 §4.2.1.12; `purposes` are object identifiers such as `Oid.serverAuth`. */
export function extendedKeyUsageExtension(
  purposes: readonly string[],
  { critical = false }: { readonly critical?: boolean } = {},
): Extension {
  const writer = new DerWriter(32);
  for (const purpose of purposes.toReversed()) writer.primitive(Tag.objectIdentifier, encodeOid(purpose));
  writer.header(Tag.sequence, 0);
  return { oid: Oid.extendedKeyUsage, critical, value: writer.finish() };
}

export interface UriNameConstraints {
  /** Hosts, or `.host` for its subdomains; at least one in all. */
  readonly permittedUris?: readonly string[];
  readonly excludedUris?: readonly string[];
}

/** RFC 5280 §4.2.1.10 for URIs, whose constraint is a host; always critical. */
export function nameConstraintsExtension({ permittedUris = [], excludedUris = [] }: UriNameConstraints): Extension {
  if (permittedUris.length + excludedUris.length === 0) throw new TypeError('a name constraint needs a name');
  const writer = new DerWriter(256);
  writeSubtrees(writer, Tag.contextConstructed(1), excludedUris);
  writeSubtrees(writer, Tag.contextConstructed(0), permittedUris);
  writer.header(Tag.sequence, 0);
  return { oid: Oid.nameConstraints, critical: true, value: writer.finish() };
}

function writeSubtrees(writer: DerWriter, tag: number, hosts: readonly string[]): void {
  if (hosts.length === 0) return;
  const list = writer.length;
  for (const host of hosts.toReversed()) {
    const subtree = writer.length;
    writer.ascii(Tag.context(6), checkedAscii(host));
    writer.header(Tag.sequence, subtree);
  }
  writer.header(tag, list);
}

// An IA5String holds ASCII only; anything else would be written as a different character.
function checkedAscii(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) throw new TypeError('a name in a certificate must be ASCII');
  }
  return text;
}

function setBit(bits: Buffer, bit: number): void {
  const octet = bit >> 3;
  bits[octet] = (bits[octet] ?? 0) | (0x80 >> (bit & 7));
}

function trailingZeros(octet: number): number {
  return octet === 0 ? 0 : 31 - Math.clz32(octet & -octet);
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
