// Who may talk to us, once it is proven who they are. Authorizers are synchronous because the handshake cannot wait:
// a request that the peer sent along with its handshake would reach the application meanwhile.
import { sdkError, type SpiffeError } from '../runtime/index.js';
import { SpiffeId, TrustDomain } from '../spiffeid/index.js';
import type { JwtSvid, VerifiedPeer } from '../svid/index.js';

/**
 * Allows a verified peer by returning undefined, and denies it by returning or throwing an Error. Any other result, a
 * promise too, denies.
 */
export interface Authorizer {
  (id: SpiffeId, peer: VerifiedPeer): Error | undefined;
  /** The only trust domains whose members can be allowed; absent when it cannot be told. */
  readonly trustDomains?: readonly TrustDomain[];
  /** Set by `observe`: it has no effect to ask again about a connection that is open. */
  readonly isObserving?: true;
}

/** An authorizer that looks at the ID alone, and so judges the subject of a JWT-SVID as well as a peer of TLS. */
export interface IdAuthorizer {
  (id: SpiffeId): Error | undefined;
  readonly trustDomains?: readonly TrustDomain[];
}

/** As an `Authorizer`, with the verified token in place of a peer. Every `IdAuthorizer` is one: `authorizeId` say. */
export type JwtAuthorizer = (id: SpiffeId, svid: JwtSvid) => Error | undefined;

/** Allows every peer whose X.509-SVID verifies, of every trust domain that a bundle is held for. */
export function authorizeAny(): IdAuthorizer {
  return () => undefined;
}

/**
 * Allows exactly this ID.
 *
 * @throws SpiffeError `ERR_SPIFFE_ID`
 */
export function authorizeId(id: SpiffeId | string): IdAuthorizer {
  return authorizeOneOf(id);
}

/**
 * Allows exactly these IDs.
 *
 * @throws SpiffeError `ERR_SPIFFE_ID`, TypeError without IDs.
 */
export function authorizeOneOf(...ids: readonly (SpiffeId | string)[]): IdAuthorizer {
  if (ids.length === 0) throw new TypeError('authorizeOneOf: expected at least one SPIFFE ID');
  const parsed = ids.map((id) => SpiffeId.parse(String(id)));
  const allowed = new Set(parsed.map(String));
  const check = (id: SpiffeId): Error | undefined =>
    allowed.has(String(id)) ? undefined : new Error(`expected ${[...allowed].join(' or ')}`);
  return within(
    check,
    parsed.map((id) => id.trustDomain),
  );
}

/**
 * Allows every member of a trust domain. Names compare whole: `example.org` allows neither `x.example.org` nor
 * `example.org.evil`.
 *
 * @throws SpiffeError `ERR_SPIFFE_ID`
 */
export function authorizeMemberOf(trustDomain: TrustDomain | string): IdAuthorizer {
  const domain = typeof trustDomain === 'string' ? TrustDomain.parse(trustDomain) : trustDomain;
  const check = (id: SpiffeId): Error | undefined =>
    id.isMemberOf(domain) ? undefined : new Error(`expected a member of trust domain ${domain.name}`);
  return within(check, [domain]);
}

/**
 * Allows the IDs for which `predicate` returns true; every other result denies. `peer` is the peer of TLS, or the verified
 * JWT-SVID where the result judges those.
 *
 * @throws TypeError without a predicate.
 */
export function authorizeIf<Peer = VerifiedPeer>(predicate: (id: SpiffeId, peer: Peer) => boolean): Judge<Peer> {
  if (typeof predicate !== 'function') throw new TypeError('authorizeIf: expected a predicate');
  return (id, peer) => {
    const allowed: unknown = predicate(id, peer);
    return allowed === true ? undefined : new Error('the predicate did not return true');
  };
}

/**
 * Allows what at least one of these allows.
 *
 * @throws TypeError without authorizers.
 */
export function anyOf(...authorizers: readonly IdAuthorizer[]): IdAuthorizer;
export function anyOf(...authorizers: readonly Authorizer[]): Authorizer;
export function anyOf(...authorizers: readonly Authorizer[]): Authorizer {
  if (authorizers.length === 0) throw new TypeError('anyOf: expected at least one authorizer');
  const check = (id: SpiffeId, peer: VerifiedPeer): Error | undefined => {
    const denials = authorizers.map((authorizer) => denial(authorizer, peer, id));
    return denials.includes(undefined) ? undefined : new Error(denials.map((error) => error?.message).join('; '));
  };
  const domains = authorizers.map((authorizer) => authorizer.trustDomains);
  const known = domains.filter((domain) => domain !== undefined);
  return known.length === domains.length ? within(check, known.flat()) : check;
}

/**
 * Asks the authorizer about a peer, or about the subject of a JWT-SVID.
 *
 * @throws SpiffeError `ERR_SPIFFE_UNAUTHORIZED` with the peer's ID in `details.id`.
 */
export function checkAuthorized<Peer extends Identified>(authorizer: Judge<Peer>, peer: Peer): void {
  const error = refusal(authorizer, peer);
  if (error !== undefined) throw error;
}

/** What `checkAuthorized` throws, if anything. */
export function refusal<Peer extends Identified>(authorizer: Judge<Peer>, peer: Peer): SpiffeError | undefined {
  const error = denial(authorizer, peer);
  if (error === undefined) return undefined;
  return sdkError('ERR_SPIFFE_UNAUTHORIZED', `peer ${String(peer.id)} is not authorized: ${error.message}`, {
    details: { id: String(peer.id) },
    cause: error,
  });
}

/** Who has proven an ID: a peer of TLS, a JWT-SVID. */
export interface Identified {
  readonly id: SpiffeId;
}

/** An authorizer of some kind of them. */
export type Judge<Peer> = (id: SpiffeId, peer: Peer) => Error | undefined;

function denial<Peer>(authorizer: Judge<Peer>, peer: Peer & Identified, id = peer.id): Error | undefined {
  try {
    const result: unknown = authorizer(id, peer);
    if (result === undefined || result instanceof Error) return result;
    return new Error('the authorizer returned neither undefined nor an Error; authorizers are synchronous');
  } catch (error) {
    return error instanceof Error ? error : new Error('the authorizer threw');
  }
}

/** An authorizer that can allow members of these trust domains only. */
export function within<Check extends Authorizer>(
  check: Check,
  trustDomains: readonly TrustDomain[],
): Check & { readonly trustDomains: readonly TrustDomain[] } {
  return Object.assign(check, { trustDomains });
}
