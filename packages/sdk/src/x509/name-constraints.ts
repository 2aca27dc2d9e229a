// Name constraints (RFC 5280 §4.2.1.10) on URIs and DNS names. A constraint on a kind of name that is not understood
// refuses every certificate that has such a name.
import { DerReader, Oid, Tag } from '../der/index.js';
import { sdkError } from '../runtime/index.js';
import { dnsNameTag, readIa5, uriTag, type GeneralNames } from './general-names.js';

interface Subtrees {
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
  readonly otherTags: ReadonlySet<number>;
}

/** What the certificates below a signing certificate may be called. */
export interface NameConstraints {
  readonly permitted: Subtrees;
  readonly excluded: Subtrees;
}

/** The names of one certificate that constraints apply to. */
export interface ConstrainedNames extends GeneralNames {
  readonly hasSubject: boolean;
}

const directoryNameTag = 4;
const mostSubtrees = 1024;
const none: Subtrees = { uris: [], dnsNames: [], otherTags: new Set() };

/**
 * Reads the value of a NameConstraints extension.
 *
 * @throws SpiffeError `ERR_SPIFFE_ENCODING`; `ERR_SPIFFE_CERTIFICATE`: a constraint is not a host name.
 */
export function readNameConstraints(value: Buffer): NameConstraints {
  const outer = DerReader.over(value);
  const sequence = outer.enter(Tag.sequence, 'name constraints');
  outer.end('name constraints');
  if (sequence.isAtEnd) throw sdkError('ERR_SPIFFE_ENCODING', 'name constraints are empty (RFC 5280 §4.2.1.10)');
  const permitted = readSubtrees(sequence, Tag.contextConstructed(0));
  const excluded = readSubtrees(sequence, Tag.contextConstructed(1));
  sequence.end('name constraints');
  return { permitted, excluded };
}

/** What is wrong with the names of a certificate below the constraint, or undefined. */
export function nameConstraintProblem(constraints: NameConstraints, names: ConstrainedNames): string | undefined {
  return otherNameProblem(constraints, names) ?? uriProblem(constraints, names) ?? dnsProblem(constraints, names);
}

function readSubtrees(sequence: DerReader, tag: number): Subtrees {
  if (!sequence.isNext(tag)) return none;
  const list = sequence.enter(tag, 'name constraints');
  const uris: string[] = [];
  const dnsNames: string[] = [];
  const otherTags = new Set<number>();
  for (let count = 1; !list.isAtEnd; count++) {
    if (count > mostSubtrees) throw refused(`are more than ${mostSubtrees}`);
    const subtree = list.enter(Tag.sequence, 'name constraint');
    const { tag: nameTag, content } = subtree.element('name constraint');
    subtree.end('name constraint'); // minimum is 0 by default and maximum absent, RFC 5280 §4.2.1.10
    if (nameTag === Tag.context(uriTag)) uris.push(readHostConstraint(content));
    else if (nameTag === Tag.context(dnsNameTag)) dnsNames.push(readHostConstraint(content));
    else otherTags.add(nameTag & 0x1f);
  }
  return { uris, dnsNames, otherTags };
}

// An excluded subtree that cannot be understood would exclude nothing, so it must be refused.
function readHostConstraint(content: Buffer): string {
  const host = readIa5(content, 'name constraint').toLowerCase();
  if (host !== '' && (!/^\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/.test(host) || isIpv4(host))) {
    throw refused('hold one that is not a host name');
  }
  return host;
}

function otherNameProblem({ permitted, excluded }: NameConstraints, names: ConstrainedNames): string | undefined {
  for (const tag of [...permitted.otherTags, ...excluded.otherTags]) {
    const hasName = names.otherTags.has(tag) || (tag === directoryNameTag && names.hasSubject);
    if (hasName) return 'has a name of a kind whose constraint is not supported';
  }
  return undefined;
}

function uriProblem({ permitted, excluded }: NameConstraints, { uris }: GeneralNames): string | undefined {
  if (permitted.uris.length + excluded.uris.length === 0) return undefined;
  for (const uri of uris) {
    const host = hostOf(uri);
    // RFC 5280 §4.2.1.10: a URI without a host, or whose host is an IP address, is refused by any constraint.
    if (host === undefined) return 'has a URI without a host name';
    if (excluded.uris.some((constraint) => isHostWithin(host, constraint))) return 'has an excluded URI';
    if (permitted.uris.length > 0 && !permitted.uris.some((constraint) => isHostWithin(host, constraint))) {
      return 'has a URI that is not permitted';
    }
  }
  return undefined;
}

function dnsProblem({ permitted, excluded }: NameConstraints, { dnsNames }: GeneralNames): string | undefined {
  for (const name of dnsNames.map((dnsName) => dnsName.toLowerCase())) {
    if (excluded.dnsNames.some((constraint) => mayBeWithin(name, constraint))) return 'has an excluded DNS name';
    if (permitted.dnsNames.length > 0 && !permitted.dnsNames.some((constraint) => isDnsWithin(name, constraint))) {
      return 'has a DNS name that is not permitted';
    }
  }
  return undefined;
}

/** RFC 5280 §4.2.1.10 for URIs: `host` is that host only, `.host` its subdomains only. Empty matches all, as in Go. */
function isHostWithin(host: string, constraint: string): boolean {
  if (constraint === '') return true;
  return constraint.startsWith('.') ? host.endsWith(constraint) && host !== constraint : host === constraint;
}

/** RFC 5280 §4.2.1.10 for DNS names: the name and its subdomains. */
function isDnsWithin(name: string, constraint: string): boolean {
  if (constraint === '' || name === constraint) return true;
  return name.endsWith(constraint.startsWith('.') ? constraint : `.${constraint}`);
}

// A wildcard also stands for names inside an excluded subtree that lies below it.
function mayBeWithin(name: string, constraint: string): boolean {
  const isAbove = name.startsWith('*.') && constraint.endsWith(name.slice(1));
  return isAbove || isDnsWithin(name, constraint);
}

function hostOf(uri: string): string | undefined {
  const host = /^[a-z][a-z0-9+.-]*:\/\/([a-z0-9._-]+)(:\d*)?([/?#]|$)/i.exec(uri)?.[1]?.toLowerCase();
  return host === undefined || isIpv4(host) ? undefined : host;
}

function isIpv4(host: string): boolean {
  return /^\d+(\.\d+){3}$/.test(host);
}

function refused(problem: string): Error {
  return sdkError('ERR_SPIFFE_CERTIFICATE', `extension ${Oid.nameConstraints}: name constraints ${problem}`);
}
