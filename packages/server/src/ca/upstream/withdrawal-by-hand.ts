// Withdraws an authority above ours by hand, once what we sign with no longer stands on it: it is tainted, then revoked.
import type { Logger } from '@credence/sdk/runtime';
import { serverError } from '../../domain/errors.js';
import type { X509Authority } from '../../domain/trust-bundle.js';
import type { OwnBundle } from '../own-bundle.js';
import type { UpstreamAuthorities } from '../ports.js';
import type { Slots } from '../slots.js';
import { hasSubjectKeyId, subjectKeyIdOf } from '../subject-key-ids.js';
import { withoutRevoked, withTainted, type AuthorityWords } from '../withdrawal.js';
import type { X509SigningAuthority } from '../x509-authority.js';
import { rootAbove } from './root-above.js';
import type { UpstreamAuthority } from './upstream-authority.js';

export interface WithdrawalByHandOptions {
  readonly log: Logger;
  readonly bundle: OwnBundle;
  readonly upstream: UpstreamAuthority;
  readonly slots: () => Slots<X509SigningAuthority>;
  /** Once an authority was tainted. */
  readonly onTaint: () => Promise<void>;
}

export class WithdrawalByHand implements UpstreamAuthorities {
  readonly #options: WithdrawalByHandOptions;

  constructor(options: WithdrawalByHandOptions) {
    this.#options = options;
  }

  async taint(subjectKeyId: string): Promise<string> {
    const { bundle, log, onTaint } = this.#options;
    const id = subjectKeyId.toLowerCase();
    this.#checkSuperseded(id, 'provided subject key id is not valid');
    await bundle.change(({ x509Authorities }) => ({
      x509Authorities: withTainted(x509Authorities, hasSubjectKeyId(id), words('upstream')),
    }));
    log.info({ subjectKeyId: id }, 'tainted an upstream authority');
    await onTaint();
    return id;
  }

  async revoke(subjectKeyId: string): Promise<string> {
    const { bundle, log } = this.#options;
    const id = subjectKeyId.toLowerCase();
    this.#checkSuperseded(id, 'invalid subject key ID');
    await this.#checkGoneAbove(id);
    await bundle.change(({ x509Authorities }) => ({
      x509Authorities: withoutRevoked(x509Authorities, hasSubjectKeyId(id), words('X.509 upstream')),
    }));
    log.info({ subjectKeyId: id }, 'revoked an upstream authority');
    return id;
  }

  /** Only what is above the old authority, and not above the active one, may go. @throws `ERR_INVALID_ARGUMENT` */
  #checkSuperseded(id: string, refused: string): void {
    const { active, next } = this.#options.slots();
    const invalid = (problem: string): Error => serverError('ERR_INVALID_ARGUMENT', `${refused}: ${problem}`);
    if (id === '') throw invalid('no subject key ID provided');
    if (active !== undefined && this.#isAbove(id, active.authority)) {
      throw invalid('unable to use upstream authority signing current authority');
    }
    if (next === undefined || !this.#isAbove(id, next.authority)) {
      throw invalid("upstream authority didn't sign the old local authority");
    }
    if (next.status === 'prepared') throw invalid('only upstream authorities signing an old authority can be used');
  }

  /** It would be published again at once. @throws `ERR_UPSTREAM` */
  async #checkGoneAbove(id: string): Promise<void> {
    const { x509Authorities } = await this.#options.upstream.bundle();
    if (!x509Authorities.some(hasSubjectKeyId(id))) return;
    throw serverError('ERR_UPSTREAM', `it still is among the roots of the upstream authority: remove it there first`);
  }

  /** Whether the ID is that of the authority's issuer, or of the root above that. */
  #isAbove(id: string, authority: X509SigningAuthority): boolean {
    const { upstreamId } = authority;
    return upstreamId !== undefined && (id === upstreamId || id === idOf(this.#rootAbove(authority)));
  }

  #rootAbove(authority: X509SigningAuthority): X509Authority | undefined {
    return rootAbove(authority, this.#options.bundle.stored?.x509Authorities ?? []);
  }
}

function idOf(authority: X509Authority | undefined): string | undefined {
  return authority && subjectKeyIdOf(authority);
}

function words(kind: string): AuthorityWords {
  return { kind, noun: 'root CA', id: 'subject key ID' };
}
