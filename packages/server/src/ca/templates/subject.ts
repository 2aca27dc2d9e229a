// The subjects of what this server signs.
import { DerReader, DerWriter, Oid, Tag, encodeName, type DistinguishedName } from '@credence/sdk/x509';

const defaultName = { country: ['US'], organization: ['SPIRE'] } satisfies DistinguishedName;

/** C=US, O=SPIRE. */
export const defaultSubject: Buffer = encodeName(defaultName);

/** The name with `commonName` in place of any common name that it has. @throws `ERR_SPIFFE_ENCODING` */
export function withCommonName(subject: Buffer, commonName: string): Buffer {
  if (subject.equals(defaultSubject)) return encodeName({ ...defaultName, commonName });
  const others = rdnsOf(subject).filter(({ attributes }) => !attributes.includes(Oid.commonName));
  return nameOf([...others, ...rdnsOf(encodeName({ commonName }))]);
}

/** The name with `unit` in place of any organizational unit that it has, before common name and serial number. */
export function withOrganizationalUnit(subject: Buffer, unit: string): Buffer {
  const others = rdnsOf(subject).filter(({ attributes }) => !attributes.includes(Oid.organizationalUnit));
  const isLater = ({ attributes }: Rdn): boolean =>
    attributes.includes(Oid.commonName) || attributes.includes(Oid.serialNumber);
  const later = others.filter(isLater);
  const earlier = others.filter((rdn) => !isLater(rdn));
  return nameOf([...earlier, ...rdnsOf(encodeName({ organizationalUnit: [unit] })), ...later]);
}

/** A relative distinguished name. */
interface Rdn {
  readonly der: Buffer;
  /** The types of its attributes: object identifiers. */
  readonly attributes: readonly string[];
}

function rdnsOf(subject: Buffer): readonly Rdn[] {
  const name = DerReader.over(subject).enter(Tag.sequence, 'subject');
  const rdns: Rdn[] = [];
  while (!name.isAtEnd) {
    const { raw, content } = name.expect(Tag.set, 'subject');
    rdns.push({ der: raw, attributes: attributesOf(name.within(content, 'subject')) });
  }
  return rdns;
}

function attributesOf(set: DerReader): readonly string[] {
  const types: string[] = [];
  while (!set.isAtEnd) types.push(set.enter(Tag.sequence, 'subject attribute').objectIdentifier('subject attribute'));
  return types;
}

function nameOf(rdns: readonly Rdn[]): Buffer {
  const writer = new DerWriter(256);
  for (const { der } of rdns.toReversed()) writer.raw(der);
  writer.header(Tag.sequence, 0);
  return writer.finish();
}
