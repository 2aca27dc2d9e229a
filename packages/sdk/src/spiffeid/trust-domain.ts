// A trust domain name (SPIFFE-ID §2.1). A value of this class has been checked.
import { inspect } from 'node:util';
import { sdkError } from '../runtime/index.js';
import { problemText, trustDomainProblem } from './grammar.js';
import { SpiffeId } from './spiffe-id.js';

/** A trust domain, such as `example.org`. */
export class TrustDomain {
  /** The name without the scheme. */
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  /**
   * Parses a trust domain name, or takes the trust domain of a SPIFFE ID (a text with `:/`).
   *
   * @throws SpiffeError `ERR_SPIFFE_ID` with `details.reason`.
   */
  static parse(nameOrId: string): TrustDomain {
    if (nameOrId.includes(':/')) return SpiffeId.parse(nameOrId).trustDomain;
    const problem = trustDomainProblem(nameOrId);
    if (problem !== undefined) {
      throw sdkError('ERR_SPIFFE_ID', `trust domain ${inspect(nameOrId)} ${problemText[problem]}`, {
        details: { reason: problem },
      });
    }
    return new TrustDomain(nameOrId);
  }

  /** Whether `name` is a trust domain name; a SPIFFE ID is none. */
  static isValid(name: string): boolean {
    return trustDomainProblem(name) === undefined;
  }

  /** The trust domain's own SPIFFE ID, without a path. */
  get id(): SpiffeId {
    return SpiffeId.fromPath(this, '');
  }

  equals(other: TrustDomain): boolean {
    return this.name === other.name;
  }

  /** For sorting: below zero when this name comes first. */
  compareTo(other: TrustDomain): number {
    if (this.name === other.name) return 0;
    return this.name < other.name ? -1 : 1;
  }

  toString(): string {
    return this.name;
  }

  toJSON(): string {
    return this.name;
  }
}
