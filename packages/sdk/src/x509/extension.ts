// Certificate extensions (RFC 5280 §4.1.2.9) as a list, their values still encoded.
import { encodeOid, Tag, type DerReader, type DerWriter } from '../der/index.js';
import { sdkError } from '../runtime/index.js';

const mostExtensions = 64;

export interface Extension {
  /** Dotted. */
  readonly oid: string;
  readonly critical: boolean;
  /** The DER inside the extension's OCTET STRING. */
  readonly value: Buffer;
}

/** Writes a non-empty list of extensions, which is the same in certificates and in requests. */
export function writeExtensions(writer: DerWriter, extensions: readonly Extension[]): void {
  const list = writer.length;
  for (let i = extensions.length - 1; i >= 0; i--) {
    const extension = extensions[i];
    if (extension !== undefined) writeExtension(writer, extension);
  }
  writer.header(Tag.sequence, list);
}

function writeExtension(writer: DerWriter, { oid, critical, value }: Extension): void {
  const mark = writer.length;
  writer.primitive(Tag.octetString, value);
  if (critical) writer.boolean(true); // DEFAULT FALSE is not encoded, X.690 §11.5
  writer.primitive(Tag.objectIdentifier, encodeOid(oid));
  writer.header(Tag.sequence, mark);
}

/**
 * Reads a list of extensions.
 *
 * @throws SpiffeError `ERR_SPIFFE_ENCODING`; `ERR_SPIFFE_CERTIFICATE`: one extension occurs twice, or there are too many.
 */
export function readExtensions(list: DerReader): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>();
  while (!list.isAtEnd) {
    const extension = readExtension(list.enter(Tag.sequence, 'extension'));
    // RFC 5280 §4.2: otherwise one reader takes the first, another the last.
    if (extensions.has(extension.oid)) throw refused(`extension ${extension.oid} occurs twice (RFC 5280 §4.2)`);
    if (extensions.size === mostExtensions) throw refused(`there are more than ${mostExtensions} extensions`);
    extensions.set(extension.oid, extension);
  }
  if (extensions.size === 0) throw sdkError('ERR_SPIFFE_ENCODING', 'extensions are an empty list (RFC 5280 §4.1)');
  return extensions;
}

function readExtension(reader: DerReader): Extension {
  const oid = reader.objectIdentifier('extension');
  const field = `extension ${oid}`;
  const critical = reader.isNext(Tag.boolean) && reader.boolean(field);
  const value = reader.expect(Tag.octetString, field).content;
  reader.end(field);
  return { oid, critical, value };
}

function refused(message: string): Error {
  return sdkError('ERR_SPIFFE_CERTIFICATE', message);
}
