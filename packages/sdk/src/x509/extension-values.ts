// Decoders of the extensions that path validation reads (RFC 5280 §4.2.1). What does not decode is refused, never taken
// for absent.
import { DerReader, Tag } from '../der/index.js';
import { sdkError } from '../runtime/index.js';
import { keyUsageBits, type BasicConstraints, type KeyUsage } from './extensions.js';

const usages = Object.entries(keyUsageBits) as readonly (readonly [KeyUsage, number])[];
const mostPurposes = 64;

/** RFC 5280 §4.2.1.3. The trailing zero bits that DER forbids are tolerated: they change nothing. */
export function readKeyUsage(value: Buffer): ReadonlySet<KeyUsage> {
  const outer = DerReader.over(value);
  const [unusedBits = 8, ...octets] = outer.expect(Tag.bitString, 'key usage').content;
  outer.end('key usage');
  if (unusedBits > 7 || octets.length > 2 || (octets.length === 0 && unusedBits > 0)) throw malformed('key usage');
  const bits = ((octets[0] ?? 0) << 8) | (octets[1] ?? 0);
  const named = usages.filter(([, bit]) => (bits & (0x8000 >> bit)) !== 0);
  // Every set bit must be one that has a name and lies before the unused ones.
  const known = named.reduce((sum, [, bit]) => sum | (0x8000 >> bit), 0);
  const last = octets.at(-1) ?? 0;
  if (known !== bits || (last & ((1 << unusedBits) - 1)) !== 0) throw malformed('key usage');
  return new Set(named.map(([usage]) => usage));
}

/** RFC 5280 §4.2.1.9 */
export function readBasicConstraints(value: Buffer): BasicConstraints {
  const outer = DerReader.over(value);
  const sequence = outer.enter(Tag.sequence, 'basic constraints');
  outer.end('basic constraints');
  const ca = sequence.isNext(Tag.boolean) && sequence.boolean('basic constraints');
  const pathLength = sequence.isNext(Tag.integer) ? sequence.smallInteger('path length') : undefined;
  sequence.end('basic constraints');
  if (pathLength !== undefined && !ca) {
    throw sdkError('ERR_SPIFFE_CERTIFICATE', 'basic constraints limit the path of a leaf (RFC 5280 §4.2.1.9)');
  }
  return { ca, pathLength };
}

/** RFC 5280 §4.2.1.12 */
export function readExtendedKeyUsage(value: Buffer): readonly string[] {
  const outer = DerReader.over(value);
  const sequence = outer.enter(Tag.sequence, 'extended key usage');
  outer.end('extended key usage');
  const purposes: string[] = [];
  do purposes.push(sequence.objectIdentifier('extended key usage'));
  while (!sequence.isAtEnd && purposes.length < mostPurposes);
  sequence.end('extended key usage');
  return purposes;
}

/** RFC 5280 §4.2.1.2 */
export function readSubjectKeyId(value: Buffer): Buffer {
  const outer = DerReader.over(value);
  const { content } = outer.expect(Tag.octetString, 'subject key identifier');
  outer.end('subject key identifier');
  return content;
}

/** RFC 5280 §4.2.1.1: the key identifier, if there is one. */
export function readAuthorityKeyId(value: Buffer): Buffer | undefined {
  const outer = DerReader.over(value);
  const sequence = outer.enter(Tag.sequence, 'authority key identifier');
  outer.end('authority key identifier');
  const isKeyId = sequence.isNext(Tag.context(0));
  return isKeyId ? sequence.element('authority key identifier').content : undefined;
}

function malformed(field: string): Error {
  return sdkError('ERR_SPIFFE_ENCODING', `${field} is not a bit string of its named bits (RFC 5280 §4.2.1.3)`);
}
