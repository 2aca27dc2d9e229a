// The rules of registration entries: from the fields of a request to a value that may be stored.
import { SpiffeId, TrustDomain } from '@credence/sdk/spiffeid';
import { dnsNameProblem } from '../domain/dns-name.js';
import { serverError } from '../domain/errors.js';
import { checkMember, checkWorkload } from '../domain/id-class.js';
import type { EntryAttributes, EntryPatch, NewEntry } from '../domain/registration-entry.js';
import { selectorProblem, setSizeProblem, type Selector } from '../domain/selector.js';

/** The two parts of a SPIFFE ID; a trust domain may also be given as a SPIFFE ID, of which the path is dropped. */
export interface IdFields {
  readonly trustDomain: string;
  readonly path: string;
}

/** An entry as a request gives it, before any rule. */
export interface EntryFields {
  /** Empty: one is made. */
  readonly id: string;
  readonly spiffeId: IdFields | undefined;
  readonly parentId: IdFields | undefined;
  readonly selectors: readonly Selector[];
  readonly x509SvidTtlSeconds: number;
  readonly jwtSvidTtlSeconds: number;
  /** Trust domain names or SPIFFE IDs. */
  readonly federatesWith: readonly string[];
  readonly admin: boolean;
  readonly downstream: boolean;
  readonly storeSvid: boolean;
  readonly hint: string;
  readonly dnsNames: readonly string[];
  /** Seconds since 1970; zero is never. */
  readonly expiresAtSeconds: number;
  readonly additionalAttributes: EntryAttributes | undefined;
}

/** The fields of an update: those that a mask names, all of them without a mask. */
export type EntryPatchFields = Partial<Omit<EntryFields, 'id'>>;

const longestHint = 1024;
const lastSecond = 8.64e12; // ECMA-262 §21.4.1.1: the range of Date

/** @throws `ERR_INVALID_ARGUMENT`, its message names the field and the rule. */
export function checkNewEntry(fields: EntryFields, trustDomain: TrustDomain): NewEntry {
  return {
    id: fields.id,
    parentId: checkParentId(fields.parentId, trustDomain),
    spiffeId: checkSpiffeId(fields.spiffeId, trustDomain),
    selectors: checkSelectors(fields.selectors),
    dnsNames: checkDnsNames(fields.dnsNames),
    federatesWith: checkFederatesWith(fields.federatesWith),
    hint: checkHint(fields.hint),
    expiresAt: checkExpiry(fields.expiresAtSeconds),
    x509SvidTtlSeconds: fields.x509SvidTtlSeconds,
    jwtSvidTtlSeconds: fields.jwtSvidTtlSeconds,
    admin: fields.admin,
    downstream: fields.downstream,
    storeSvid: fields.storeSvid,
    additionalAttributes: fields.additionalAttributes,
  };
}

/** Judges only what is present. @throws `ERR_INVALID_ARGUMENT`, its message names the field and the rule. */
export function checkEntryPatch(fields: EntryPatchFields, trustDomain: TrustDomain): EntryPatch {
  const { parentId, spiffeId, selectors, dnsNames, federatesWith, hint, expiresAtSeconds, ...asGiven } = fields;
  return {
    ...asGiven,
    ...('parentId' in fields && { parentId: checkParentId(parentId, trustDomain) }),
    ...('spiffeId' in fields && { spiffeId: checkSpiffeId(spiffeId, trustDomain) }),
    ...(selectors !== undefined && { selectors: checkSelectors(selectors) }),
    ...(dnsNames !== undefined && { dnsNames: checkDnsNames(dnsNames) }),
    ...(federatesWith !== undefined && { federatesWith: checkFederatesWith(federatesWith) }),
    ...(hint !== undefined && { hint: checkHint(hint) }),
    ...(expiresAtSeconds !== undefined && { expiresAt: checkExpiry(expiresAtSeconds) }),
  };
}

function checkParentId(fields: IdFields | undefined, trustDomain: TrustDomain): SpiffeId {
  return named('parent ID', () => {
    const id = parseId(fields);
    checkMember(id, trustDomain);
    return id;
  });
}

function checkSpiffeId(fields: IdFields | undefined, trustDomain: TrustDomain): SpiffeId {
  return named('spiffe ID', () => {
    const id = parseId(fields);
    checkWorkload(id, trustDomain);
    return id;
  });
}

function parseId(fields: IdFields | undefined): SpiffeId {
  if (fields === undefined) throw invalid('request must specify SPIFFE ID');
  return SpiffeId.fromPath(TrustDomain.parse(fields.trustDomain), fields.path);
}

/** @throws `ERR_INVALID_ARGUMENT`: no selector, or one that is not a selector. */
export function checkSelectors(selectors: readonly Selector[]): readonly Selector[] {
  if (selectors.length === 0) throw invalid('selector list is empty');
  checkSize('selectors', selectors);
  for (const selector of selectors) {
    const problem = selectorProblem(selector);
    if (problem !== undefined) throw invalid(problem);
  }
  return selectors;
}

function checkDnsNames(names: readonly string[]): readonly string[] {
  for (const name of names) {
    const problem = dnsNameProblem(name);
    if (problem !== undefined) throw invalid(`invalid DNS name: "${name}": ${problem}`);
  }
  return names;
}

function checkFederatesWith(names: readonly string[]): readonly TrustDomain[] {
  checkSize('federated trust domains', names);
  const parsed = names.map((name) => named('federated trust domain', () => TrustDomain.parse(name)));
  return [...new Map(parsed.map((trustDomain) => [trustDomain.name, trustDomain])).values()];
}

function checkSize(noun: string, { length }: readonly unknown[]): void {
  const problem = setSizeProblem(noun, length);
  if (problem !== undefined) throw invalid(problem);
}

function checkHint(hint: string): string {
  if (Buffer.byteLength(hint) > longestHint) {
    throw invalid(`hint is too long, max length is ${longestHint} characters`);
  }
  return hint;
}

function checkExpiry(seconds: number): Date | undefined {
  if (!Number.isSafeInteger(seconds) || seconds < 0 || seconds > lastSecond) {
    throw invalid(`invalid expiry: ${seconds} is not a time; expected seconds since 1970, or 0 for never`);
  }
  return seconds === 0 ? undefined : new Date(seconds * 1000);
}

function named<T>(field: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw invalid(`invalid ${field}: ${(error as Error).message}`, error);
  }
}

function invalid(message: string, cause?: unknown): Error {
  return serverError('ERR_INVALID_ARGUMENT', message, cause === undefined ? {} : { cause });
}
