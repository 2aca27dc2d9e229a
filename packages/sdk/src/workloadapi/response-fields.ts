// What the responses of the Workload API have in common: mandatory fields (SPIFFE Workload API §4.5), maps keyed by trust
// domain, hints, and limits on what one response may make this process hold.
import { sdkError, type SpiffeError } from '../runtime/index.js';
import { SpiffeId, TrustDomain } from '../spiffeid/index.js';

/** The most that one response may hold. */
export interface ResponseLimits {
  /** SVIDs of each kind. */
  readonly svids: number;
  /** Bundles of each kind, the own one included. */
  readonly bundles: number;
}

export const defaultLimits: ResponseLimits = { svids: 100, bundles: 1000 };

/** How a message is read. */
export interface Reading {
  readonly now: Date;
  readonly limits: ResponseLimits;
  /** Told of each part that is left out of a message which is used otherwise. */
  readonly report: (problem: SpiffeError) => void;
}

/** Some of the fields of a response are what they must not be. */
export function malformed(field: string, problem: string, cause?: unknown): SpiffeError {
  return sdkError('ERR_SPIFFE_RESPONSE', `${field} ${problem}`, { cause });
}

/** SPIFFE Workload API §4.5: a mandatory field at its default value. */
export function checkPresent<Name extends string>(
  message: Readonly<Record<Name, { readonly length: number }>>,
  names: readonly Name[],
  field: string,
): void {
  for (const name of names) if (message[name].length === 0) throw malformed(`${field}.${name}`, 'is empty');
}

/** Refuses a mandatory list or map that is empty or larger than the limit. */
export function checkCount(field: string, count: number, most: number): void {
  if (count === 0) throw malformed(field, 'is empty');
  checkAtMost(field, count, most);
}

/** Refuses a list or map that is larger than the limit. */
export function checkAtMost(field: string, count: number, most: number): void {
  if (count > most) throw malformed(field, `has ${count} entries, and the limit is ${most}`);
}

/**
 * Reads a map from trust domains to bundles.
 *
 * @throws SpiffeError `ERR_SPIFFE_ID`, `ERR_SPIFFE_RESPONSE`, and what `parse` throws.
 */
export function parseBundleMap<Bundle extends { readonly trustDomain: TrustDomain }>(
  field: string,
  bundles: Readonly<Record<string, Buffer>>,
  parse: (trustDomain: TrustDomain, bytes: Buffer) => Bundle,
): readonly Bundle[] {
  const parsed = Object.entries(bundles).map(([key, bytes]) => parse(trustDomainOf(field, key), bytes));
  const names = new Set(parsed.map((bundle) => bundle.trustDomain.name));
  if (names.size !== parsed.length) throw malformed(field, 'holds two bundles of one trust domain');
  return parsed;
}

// SPIFFE Workload API §5.2: keyed by the ID of the trust domain. The bare name is understood too, as others send it.
function trustDomainOf(field: string, key: string): TrustDomain {
  if (!key.includes(':/')) return TrustDomain.parse(key);
  const id = SpiffeId.parse(key);
  if (id.path !== '') throw malformed(field, `has the key ${String(id)}, which is not a trust domain`);
  return id.trustDomain;
}

/** SPIFFE Workload API §5.2.1, §6.2.1: of several SVIDs with one hint the first is taken. */
export function firstOfEachHint<Svid extends { readonly hint: string | undefined }>([first, ...others]: readonly [
  Svid,
  ...Svid[],
]): readonly [Svid, ...Svid[]] {
  const hints = new Set([first.hint]);
  const isNew = ({ hint }: Svid): boolean => {
    const known = hint !== undefined && hints.has(hint);
    hints.add(hint);
    return !known;
  };
  return [first, ...others.filter(isNew)];
}
