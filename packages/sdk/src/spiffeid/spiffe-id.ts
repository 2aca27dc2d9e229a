// A SPIFFE ID (SPIFFE-ID §2), parsed by hand on the raw text. A value of this class has been checked, and its text is
// byte for byte what was parsed: nothing is ever normalised.
import { inspect } from 'node:util';
import { sdkError, type SpiffeError } from '../runtime/index.js';
import { maxIdLength, pathProblem, problemText, segmentProblem, type SpiffeIdProblem } from './grammar.js';
import { TrustDomain } from './trust-domain.js';

const scheme = 'spiffe://';

/** A SPIFFE ID, such as `spiffe://example.org/web`. */
export class SpiffeId {
  readonly trustDomain: TrustDomain;
  /** Empty, or segments that each start with a slash. */
  readonly path: string;

  private constructor(trustDomain: TrustDomain, path: string) {
    this.trustDomain = trustDomain;
    this.path = path;
  }

  /**
   * Parses the text of an ID.
   *
   * @throws SpiffeError `ERR_SPIFFE_ID` with `details.reason`, a SpiffeIdProblem.
   */
  static parse(text: string): SpiffeId {
    if (text.length === 0) throw malformed(text, 'empty');
    if (!text.startsWith(scheme)) throw malformed(text, 'wrong-scheme'); // SPIFFE-ID §2, §2.4
    if (text.length > maxIdLength) throw malformed(text, 'too-long');
    const slash = text.indexOf('/', scheme.length);
    const end = slash === -1 ? text.length : slash;
    const trustDomain = parseTrustDomain(text, text.slice(scheme.length, end));
    const path = text.slice(end);
    const problem = pathProblem(path);
    if (problem !== undefined) throw malformed(text, problem);
    return new SpiffeId(trustDomain, path);
  }

  /** Whether `text` is a SPIFFE ID. */
  static isValid(text: string): boolean {
    try {
      SpiffeId.parse(text);
      return true;
    } catch {
      return false;
    }
  }

  /** Whether `path` is the path of an ID: empty, or segments that each start with a slash. */
  static isValidPath(path: string): boolean {
    return pathProblem(path) === undefined;
  }

  /** Whether `segment` is one segment of a path, without a slash. */
  static isValidSegment(segment: string): boolean {
    return segmentProblem(segment) === undefined;
  }

  /**
   * The ID of `path` (empty, or starting with a slash) in a trust domain.
   *
   * @throws SpiffeError `ERR_SPIFFE_ID`
   */
  static fromPath(trustDomain: TrustDomain, path: string): SpiffeId {
    const text = `${scheme}${trustDomain.name}${path}`;
    const problem = pathProblem(path) ?? (text.length > maxIdLength ? 'too-long' : undefined);
    if (problem !== undefined) throw malformed(text, problem);
    return new SpiffeId(trustDomain, path);
  }

  /**
   * The ID whose path has exactly these segments.
   *
   * @throws SpiffeError `ERR_SPIFFE_ID`: a segment is empty, a dot segment, or holds a forbidden character.
   */
  static fromSegments(trustDomain: TrustDomain, ...segments: string[]): SpiffeId {
    return SpiffeId.fromPath(trustDomain, joinSegments(segments));
  }

  get segments(): readonly string[] {
    return this.path === '' ? [] : this.path.slice(1).split('/');
  }

  isMemberOf(trustDomain: TrustDomain): boolean {
    return this.trustDomain.equals(trustDomain);
  }

  /**
   * The ID with `path` (empty, or starting with a slash) behind this one's.
   *
   * @throws SpiffeError `ERR_SPIFFE_ID`
   */
  appendPath(path: string): SpiffeId {
    // Alone, so that the seam cannot make one segment of two halves.
    const problem = pathProblem(path);
    if (problem !== undefined) throw malformed(`${this.toString()}${path}`, problem);
    return SpiffeId.fromPath(this.trustDomain, this.path + path);
  }

  /** @throws SpiffeError `ERR_SPIFFE_ID` */
  appendSegments(...segments: string[]): SpiffeId {
    return SpiffeId.fromPath(this.trustDomain, this.path + joinSegments(segments));
  }

  /** @throws SpiffeError `ERR_SPIFFE_ID` */
  replacePath(path: string): SpiffeId {
    return SpiffeId.fromPath(this.trustDomain, path);
  }

  /** @throws SpiffeError `ERR_SPIFFE_ID` */
  replaceSegments(...segments: string[]): SpiffeId {
    return SpiffeId.fromSegments(this.trustDomain, ...segments);
  }

  equals(other: SpiffeId): boolean {
    return this.path === other.path && this.trustDomain.equals(other.trustDomain);
  }

  toString(): string {
    return `${scheme}${this.trustDomain.name}${this.path}`;
  }

  toJSON(): string {
    return this.toString();
  }
}

function joinSegments(segments: readonly string[]): string {
  for (const segment of segments) {
    const problem = segmentProblem(segment);
    if (problem !== undefined) {
      throw sdkError('ERR_SPIFFE_ID', `path segment ${inspect(segment)} ${problemText[problem]}`, {
        details: { reason: problem },
      });
    }
  }
  return segments.map((segment) => `/${segment}`).join('');
}

// Most IDs of a process are of one trust domain: they share the value.
let latest: TrustDomain | undefined;

function parseTrustDomain(text: string, name: string): TrustDomain {
  if (name === latest?.name) return latest;
  if (name.length === 0) throw malformed(text, 'missing-trust-domain');
  try {
    latest = TrustDomain.parse(name);
    return latest;
  } catch (error) {
    throw malformed(text, (error as SpiffeError).details['reason'] as SpiffeIdProblem);
  }
}

function malformed(text: string, reason: SpiffeIdProblem): Error {
  const shown = inspect(text.length > 300 ? `${text.slice(0, 300)}…` : text);
  return sdkError('ERR_SPIFFE_ID', `SPIFFE ID ${shown} ${problemText[reason]}`, { details: { reason } });
}
