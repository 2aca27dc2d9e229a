// The name constraint under which an authority is certified anew: the hosts of its trust domains, as far as its own
// constraints permit them, and what it says about other kinds of names unchanged (RFC 5280 §4.2.1.10).
import { DerReader, DerWriter, nameConstraintProblem, Oid, readTbsCertificate, Tag } from '../x509/index.js';
import type { Certificate, Extension, NameConstraints } from '../x509/index.js';

const uriTag = 6;
const permittedTag = 0;
const excludedTag = 1;

/** The extension, or undefined when the authority's own constraints leave none of the domains. */
export function constrainedNames(authority: Certificate, domains: readonly string[]): Extension | undefined {
  const { nameConstraints } = authority;
  const hosts = domains.filter((domain) => nameConstraints === undefined || permits(nameConstraints, domain));
  if (hosts.length === 0) return undefined;
  const others = nameConstraints === undefined ? noSubtrees : nonUriSubtrees(authority);
  const writer = new DerWriter();
  // The hosts are exact, so URIs that the authority excludes are out already.
  writeSubtrees(writer, excludedTag, others.excluded);
  writeSubtrees(writer, permittedTag, [...hosts.map(uriSubtree), ...others.permitted]);
  writer.header(Tag.sequence, 0);
  return { oid: Oid.nameConstraints, critical: true, value: writer.finish() };
}

interface Subtrees {
  readonly permitted: readonly Buffer[];
  readonly excluded: readonly Buffer[];
}

const noSubtrees: Subtrees = { permitted: [], excluded: [] };

function permits(constraints: NameConstraints, domain: string): boolean {
  const uris = [`spiffe://${domain}/x`];
  return (
    nameConstraintProblem(constraints, { uris, dnsNames: [], otherTags: new Set(), hasSubject: false }) === undefined
  );
}

function uriSubtree(host: string): Buffer {
  const writer = new DerWriter(host.length + 8);
  writer.ascii(Tag.context(uriTag), host);
  writer.header(Tag.sequence, 0);
  return writer.finish();
}

function nonUriSubtrees(authority: Certificate): Subtrees {
  const value = extensionValue(authority);
  const constraints = DerReader.over(value).enter(Tag.sequence, 'name constraints');
  return {
    permitted: readSubtrees(constraints, permittedTag),
    excluded: readSubtrees(constraints, excludedTag),
  };
}

function extensionValue({ raw }: Certificate): Buffer {
  const certificate = DerReader.over(raw).enter(Tag.sequence, 'certificate');
  const { extensions } = readTbsCertificate(certificate.expect(Tag.sequence, 'certificate').raw);
  const value = extensions.get(Oid.nameConstraints)?.value;
  if (value === undefined) throw new TypeError('the certificate has no name constraints');
  return value;
}

function readSubtrees(constraints: DerReader, number: number): Buffer[] {
  const tag = Tag.contextConstructed(number);
  if (!constraints.isNext(tag)) return [];
  const list = constraints.enter(tag, 'name constraints');
  const subtrees: Buffer[] = [];
  while (!list.isAtEnd) {
    const { raw, content } = list.expect(Tag.sequence, 'name constraint');
    if (content[0] !== Tag.context(uriTag)) subtrees.push(raw);
  }
  return subtrees;
}

function writeSubtrees(writer: DerWriter, number: number, subtrees: readonly Buffer[]): void {
  if (subtrees.length === 0) return;
  const mark = writer.length;
  for (const subtree of subtrees.toReversed()) writer.raw(subtree);
  writer.header(Tag.contextConstructed(number), mark);
}
