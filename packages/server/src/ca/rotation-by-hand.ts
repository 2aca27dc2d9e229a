// The rotation of one kind of authorities, by hand: prepare, activate, then taint the old one and revoke it.
import type { Clock, Logger } from '@credence/sdk/runtime';
import { serverError } from '../domain/errors.js';
import type { AuthorityKind, SigningAuthority } from './authority.js';
import { checkActivatable, findTaintable } from './local-authority-rules.js';
import type { AuthorityFacts, LocalAuthority, LocalAuthorityState } from './ports.js';
import type { AuthorityRotation } from './rotation.js';
import type { Slots } from './slots.js';

export interface RotationByHandOptions<A extends SigningAuthority> {
  readonly clock: Clock;
  readonly log: Logger;
  readonly kind: AuthorityKind<A>;
  /** Undefined until the server has started. */
  readonly rotation: () => AuthorityRotation<A> | undefined;
  /** @throws `ERR_INVALID_ARGUMENT` */
  readonly checkRevocable: (id: string, slots: Slots<A>) => void;
  /** Once an authority was tainted. */
  readonly onTaint: () => Promise<void>;
}

export class RotationByHand<A extends SigningAuthority> implements LocalAuthority {
  readonly #options: RotationByHandOptions<A>;

  constructor(options: RotationByHandOptions<A>) {
    this.#options = options;
  }

  state(): LocalAuthorityState {
    const { next } = this.#rotation.slots;
    return {
      active: this.#active,
      prepared: next?.status === 'prepared' ? next.authority : undefined,
      old: next?.status === 'old' ? next.authority : undefined,
    };
  }

  async prepare(): Promise<AuthorityFacts> {
    return this.#rotation.prepare();
  }

  async activate(id: string): Promise<AuthorityFacts> {
    const { clock } = this.#options;
    return this.#rotation.activate((slots) => {
      checkActivatable(id, slots, clock.now());
    });
  }

  async taint(id: string): Promise<AuthorityFacts> {
    const { kind, onTaint } = this.#options;
    const authority = findTaintable(id, this.#rotation.slots);
    await kind.taint(id);
    this.#log('tainted an authority', id);
    await onTaint();
    return authority;
  }

  async revoke(id: string): Promise<void> {
    const { checkRevocable, kind } = this.#options;
    checkRevocable(id, this.#rotation.slots);
    await kind.revoke(id);
    this.#log('revoked an authority', id);
  }

  get #rotation(): AuthorityRotation<A> {
    return this.#options.rotation() ?? notReady();
  }

  get #active(): A {
    return this.#rotation.slots.active?.authority ?? notReady();
  }

  #log(message: string, authority: string): void {
    const { kind, log } = this.#options;
    log.info({ kind: kind.name, authority }, message);
  }
}

function notReady(): never {
  throw serverError('ERR_NOT_READY', 'the server has no active authority yet');
}
