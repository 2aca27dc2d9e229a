// X.501 names (RFC 5280 §4.1.2.4): written as Go writes them, and rendered for people.
import { DerReader, DerWriter, encodeOid, Oid, Tag, type DerElement } from '../der/index.js';

/** The attributes of a subject, in the order in which they are written. */
export interface DistinguishedName {
  readonly country?: readonly string[];
  readonly organization?: readonly string[];
  readonly organizationalUnit?: readonly string[];
  readonly commonName?: string;
  readonly serialNumber?: string;
}

const labels: Readonly<Record<string, string>> = {
  [Oid.country]: 'C',
  [Oid.organization]: 'O',
  [Oid.organizationalUnit]: 'OU',
  [Oid.commonName]: 'CN',
  [Oid.serialNumber]: 'SERIALNUMBER',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '0.9.2342.19200300.100.1.25': 'DC',
};

/** DER of a Name; of several values of one attribute, as Go does, one multi-valued RDN. Empty values are left out. */
export function encodeName(name: DistinguishedName): Buffer {
  const writer = new DerWriter(128);
  writeRdn(writer, Oid.serialNumber, [name.serialNumber ?? '']);
  writeRdn(writer, Oid.commonName, [name.commonName ?? '']);
  writeRdn(writer, Oid.organizationalUnit, name.organizationalUnit ?? []);
  writeRdn(writer, Oid.organization, name.organization ?? []);
  writeRdn(writer, Oid.country, name.country ?? []);
  writer.header(Tag.sequence, 0);
  return writer.finish();
}

/**
 * Text such as `C=US, O=SPIFFE`, in the order of the encoding; special characters are escaped (RFC 4514 §2.4).
 *
 * @throws SpiffeError `ERR_SPIFFE_ENCODING`
 */
export function renderName(der: Uint8Array): string {
  return renderRdns(der).join(', ');
}

/**
 * Text such as `CN=web,O=SPIFFE,C=US`, the last of the encoding first (RFC 4514 §2.1).
 *
 * @throws SpiffeError `ERR_SPIFFE_ENCODING`
 */
export function renderDistinguishedName(der: Uint8Array): string {
  return renderRdns(der).reverse().join(',');
}

function renderRdns(der: Uint8Array): string[] {
  return readRdns(DerReader.over(der), 'name').map((attributes) => attributes.map(renderAttribute).join('+'));
}

/**
 * Reads a Name and checks its form; the values of its attributes stay as they are.
 *
 * @throws SpiffeError `ERR_SPIFFE_ENCODING`
 */
export function readName(reader: DerReader, field: string): Buffer {
  const { raw } = reader.expect(Tag.sequence, field);
  readRdns(reader.within(raw, field), field);
  return raw;
}

interface Attribute {
  readonly oid: string;
  readonly value: DerElement;
}

function readRdns(reader: DerReader, field: string): readonly (readonly Attribute[])[] {
  const sequence = reader.enter(Tag.sequence, field);
  reader.end(field);
  const rdns: Attribute[][] = [];
  while (!sequence.isAtEnd) {
    const set = sequence.enter(Tag.set, field);
    const attributes: Attribute[] = [];
    do attributes.push(readAttribute(set, field));
    while (!set.isAtEnd);
    rdns.push(attributes);
  }
  return rdns;
}

function readAttribute(set: DerReader, field: string): Attribute {
  const attribute = set.enter(Tag.sequence, field);
  const oid = attribute.objectIdentifier(field);
  const value = attribute.element(field);
  attribute.end(field);
  return { oid, value };
}

function writeRdn(writer: DerWriter, oid: string, values: readonly string[]): void {
  const attributes = values.filter((value) => value !== '').map((value) => encodeAttribute(oid, value));
  if (attributes.length === 0) return;
  const mark = writer.length;
  attributes.sort((a, b) => Buffer.compare(b, a)); // a SET OF is in ascending order, X.690 §11.6; we write backwards
  for (const attribute of attributes) writer.raw(attribute);
  writer.header(Tag.set, mark);
}

function encodeAttribute(oid: string, value: string): Buffer {
  const writer = new DerWriter(64);
  const isPrintable = /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value);
  writer.primitive(isPrintable ? Tag.printableString : Tag.utf8String, Buffer.from(value, 'utf8'));
  writer.primitive(Tag.objectIdentifier, encodeOid(oid));
  writer.header(Tag.sequence, 0);
  return writer.finish();
}

function renderAttribute({ oid, value: { tag, content, raw } }: Attribute): string {
  const isText = tag === Tag.utf8String || tag === Tag.printableString || tag === Tag.ia5String;
  const value = isText ? escapeText(content.toString('utf8')) : `#${raw.toString('hex')}`; // RFC 4514 §2.4
  return `${Object.hasOwn(labels, oid) ? (labels[oid] ?? oid) : oid}=${value}`;
}

function escapeText(text: string): string {
  return text
    .replace(/[",+;<>\\=]|^[ #]| $/g, '\\$&')
    .replace(/\p{C}/gu, (character) => Buffer.from(character).toString('hex').replace(/../g, '\\$&'));
}
