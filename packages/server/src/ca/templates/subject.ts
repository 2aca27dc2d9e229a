// The subjects of what this server signs.
import { DerReader, DerWriter, Oid, Tag, encodeName, type DistinguishedName } from '@credence/sdk/x509';

const defaultName = { country: ['US'], organization: ['SPIRE'] } satisfies DistinguishedName;

/** C=US, O=SPIRE. */
export const defaultSubject: Buffer = encodeName(defaultName);

/** The name with `commonName` in place of any common name that it has. @throws `ERR_SPIFFE_ENCODING` */
export function withCommonName(subject: Buffer, commonName: string): Buffer {
  if (subject.equals(defaultSubject)) return encodeName({ ...defaultName, commonName });
  const writer = new DerWriter(subject.length + commonName.length + 32);
  writer.raw(DerReader.over(encodeName({ commonName })).expect(Tag.sequence, 'subject').content);
  for (const rdn of otherRdns(subject).toReversed()) writer.raw(rdn);
  writer.header(Tag.sequence, 0);
  return writer.finish();
}

/** The relative distinguished names that hold no common name, DER. */
function otherRdns(subject: Buffer): Buffer[] {
  const name = DerReader.over(subject).enter(Tag.sequence, 'subject');
  const rdns: Buffer[] = [];
  while (!name.isAtEnd) {
    const rdn = name.expect(Tag.set, 'subject');
    if (!holdsCommonName(name.within(rdn.content, 'subject'))) rdns.push(rdn.raw);
  }
  return rdns;
}

function holdsCommonName(attributes: DerReader): boolean {
  let found = false;
  while (!attributes.isAtEnd) {
    const attribute = attributes.enter(Tag.sequence, 'subject attribute');
    found ||= attribute.objectIdentifier('subject attribute') === Oid.commonName;
  }
  return found;
}
