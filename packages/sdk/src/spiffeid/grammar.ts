// The grammar of SPIFFE-ID section 2, byte by byte. WHATWG URL is never used: it normalises what must be refused.

/** Why a text is not a SPIFFE ID or a trust domain name. */
export type SpiffeIdProblem =
  | 'empty'
  | 'too-long'
  | 'wrong-scheme'
  | 'missing-trust-domain'
  | 'bad-trust-domain-char'
  | 'trust-domain-too-long'
  | 'no-leading-slash'
  | 'empty-segment'
  | 'trailing-slash'
  | 'dot-segment'
  | 'bad-path-char';

/** SPIFFE-ID §2.3: IDs up to this many bytes are supported, longer ones are not generated. */
export const maxIdLength = 2048;
/** SPIFFE-ID §2.3, RFC 3986 §3.2.2: a host has at most this many bytes. */
const maxTrustDomainLength = 255;

const lower = 'abcdefghijklmnopqrstuvwxyz';
const trustDomainChars = charset(`${lower}0123456789.-_`); // SPIFFE-ID §2.1
const segmentChars = charset(`${lower}${lower.toUpperCase()}0123456789.-_`); // SPIFFE-ID §2.2

/** The first problem of a trust domain name, or undefined. */
export function trustDomainProblem(name: string): SpiffeIdProblem | undefined {
  if (name.length === 0) return 'missing-trust-domain';
  if (!consistsOf(name, trustDomainChars)) return 'bad-trust-domain-char';
  if (name.length > maxTrustDomainLength) return 'trust-domain-too-long';
  return undefined;
}

/** The first problem of a path (empty, or `/segment` repeated), or undefined. */
export function pathProblem(path: string): SpiffeIdProblem | undefined {
  if (path.length === 0) return undefined;
  if (!path.startsWith('/')) return 'no-leading-slash';
  if (path.endsWith('/')) return 'trailing-slash';
  for (const segment of path.slice(1).split('/')) {
    const problem = segmentProblem(segment);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** The first problem of one path segment, or undefined. */
export function segmentProblem(segment: string): SpiffeIdProblem | undefined {
  if (segment.length === 0) return 'empty-segment';
  if (segment === '.' || segment === '..') return 'dot-segment';
  return consistsOf(segment, segmentChars) ? undefined : 'bad-path-char';
}

/** What people read for each problem: the rule, and what would be accepted. */
export const problemText: Readonly<Record<SpiffeIdProblem, string>> = {
  empty: 'is empty; expected spiffe://<trust domain>/<path>',
  'too-long': `is longer than ${maxIdLength} bytes (SPIFFE-ID §2.3)`,
  'wrong-scheme': 'does not start with "spiffe://" (SPIFFE-ID §2)',
  'missing-trust-domain': 'has no trust domain (SPIFFE-ID §2.1)',
  'bad-trust-domain-char': 'has a trust domain with characters other than a-z 0-9 . - _ (SPIFFE-ID §2.1)',
  'trust-domain-too-long': `has a trust domain longer than ${maxTrustDomainLength} bytes (SPIFFE-ID §2.3)`,
  'no-leading-slash': 'has a path that does not start with "/" (SPIFFE-ID §2.2)',
  'empty-segment': 'has an empty path segment (SPIFFE-ID §2.2)',
  'trailing-slash': 'ends with "/" (SPIFFE-ID §2.2)',
  'dot-segment': 'has a "." or ".." path segment (SPIFFE-ID §2.2)',
  'bad-path-char': 'has a path with characters other than a-z A-Z 0-9 . - _ (SPIFFE-ID §2.2)',
};

function charset(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}

function consistsOf(text: string, allowed: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) {
    if (allowed[text.charCodeAt(i)] !== 1) return false;
  }
  return true;
}
