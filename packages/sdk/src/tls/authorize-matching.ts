// Authorization by the shape of a path. A wildcard stands for whole segments, so that a pattern means what it looks like.
import { SpiffeId, TrustDomain } from '../spiffeid/index.js';
import { within, type IdAuthorizer } from './authorizer.js';

const scheme = 'spiffe://';

/**
 * Allows the IDs of one trust domain whose paths fit: `*` stands for exactly one segment, `**` for one or more and only
 * at the end. `spiffe://example.org/ns/orders/sa/*`, `spiffe://example.org/ns/orders/**`.
 *
 * @throws SpiffeError `ERR_SPIFFE_ID` for a trust domain or segment that no ID can have; TypeError for a wildcard in any
 * other place.
 */
export function authorizeMatching(pattern: string): IdAuthorizer {
  const [trustDomain, wanted] = parsePattern(pattern);
  const check = (id: SpiffeId): Error | undefined =>
    id.isMemberOf(trustDomain) && fits(id.segments, wanted) ? undefined : new Error(`expected ${pattern}`);
  return within(check, [trustDomain]);
}

function parsePattern(pattern: string): readonly [TrustDomain, readonly string[]] {
  if (!pattern.startsWith(scheme)) SpiffeId.parse(pattern); // Says what is wrong with it.
  const [name = '', ...segments] = pattern.slice(scheme.length).split('/');
  const trustDomain = TrustDomain.parse(name);
  if (segments.length === 0) throw new TypeError('authorizeMatching: expected a path after the trust domain');
  segments.forEach((segment, i) => {
    if (segment === '*' || (segment === '**' && i === segments.length - 1)) return;
    if (segment.includes('*')) {
      throw new TypeError(`authorizeMatching: ${pattern}: expected * as a whole segment, or ** as the last one`);
    }
    SpiffeId.fromSegments(trustDomain, segment);
  });
  return [trustDomain, segments];
}

function fits(segments: readonly string[], wanted: readonly string[]): boolean {
  const isOpen = wanted.at(-1) === '**';
  if (isOpen ? segments.length < wanted.length : segments.length !== wanted.length) return false;
  return wanted.every((segment, i) => segment === '*' || segment === '**' || segment === segments[i]);
}
