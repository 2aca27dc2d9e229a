// Subject alternative names (RFC 5280 §4.2.1.6), from the bytes: the kind of a name is its tag, never its text.
import { DerReader, Tag } from '../der/index.js';
import { sdkError } from '../runtime/index.js';

/** The names of a SubjectAltName extension. */
export interface GeneralNames {
  /** All of them, of any scheme, in order, repetitions too. */
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  /** The tags of the other names (1 rfc822Name, 4 directoryName, 7 iPAddress …), which carry no meaning here. */
  readonly otherTags: ReadonlySet<number>;
}

export const noGeneralNames: GeneralNames = { uris: [], dnsNames: [], otherTags: new Set() };

export const dnsNameTag = 2;
export const uriTag = 6;
const largestTag = 8;
const mostNames = 1024;

/**
 * Reads the value of a SubjectAltName extension.
 *
 * @throws SpiffeError `ERR_SPIFFE_ENCODING`; `ERR_SPIFFE_CERTIFICATE`: a name is not ASCII, or there are too many.
 */
export function readGeneralNames(value: Buffer): GeneralNames {
  const outer = DerReader.over(value);
  const list = outer.enter(Tag.sequence, 'subject alternative name');
  outer.end('subject alternative name');
  const uris: string[] = [];
  const dnsNames: string[] = [];
  const otherTags = new Set<number>();
  let count = 0;
  for (; !list.isAtEnd; count++) {
    if (count === mostNames) throw refused(`holds more than ${mostNames} names`);
    const { tag, content } = list.element('subject alternative name');
    if (tag === Tag.context(uriTag)) uris.push(readIa5(content, 'URI'));
    else if (tag === Tag.context(dnsNameTag)) dnsNames.push(readIa5(content, 'DNS name'));
    else otherTags.add(checkedTag(tag));
  }
  if (count === 0) throw sdkError('ERR_SPIFFE_ENCODING', 'subject alternative name is empty (RFC 5280 §4.2.1.6)');
  return { uris, dnsNames, otherTags };
}

/** An IA5String: ASCII, or the certificate is refused; decoding otherwise would make one name of two. */
export function readIa5(content: Buffer, field: string): string {
  for (const octet of content) {
    if (octet > 0x7f) throw refused(`holds a ${field} that is not ASCII`);
  }
  return content.toString('latin1');
}

function checkedTag(tag: number): number {
  const number = tag & 0x1f;
  if (tag < 0x80 || tag >= 0xc0 || number > largestTag || number === uriTag || number === dnsNameTag) {
    throw sdkError('ERR_SPIFFE_ENCODING', 'subject alternative name holds something that is not a general name');
  }
  return number;
}

function refused(problem: string): Error {
  return sdkError('ERR_SPIFFE_CERTIFICATE', `subject alternative name ${problem} (RFC 5280 §4.2.1.6)`);
}
