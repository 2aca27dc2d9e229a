// Replaces the authorities of one kind in time. Each step is kept before the next begins, in an order that makes a stop
// between any two harmless: key, authority, bundle, journal, memory. Nothing is signed by an authority that is not in
// the bundle and active in the journal.
import type { Clock, Logger } from '@credence/sdk/runtime';
import type { TrustBundle } from '../domain/trust-bundle.js';
import type { AuthorityKind, SigningAuthority, Verdict } from './authority.js';
import type { AuthorityJournal } from './journal.js';
import type { JournalSlot } from './journal-form.js';
import { activateAt, isLive, prepareAt } from './rotation-policy.js';
import { activated, emptySlots, nextSlotName, prepared, type Slots } from './slots.js';
import { Turns } from './turns.js';

export interface RotationOptions<A extends SigningAuthority> {
  readonly kind: AuthorityKind<A>;
  readonly journal: AuthorityJournal;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The authorities of one kind: which signs, and which is next. */
export class AuthorityRotation<A extends SigningAuthority> {
  readonly #options: RotationOptions<A>;
  #slots: Slots<A> = emptySlots;
  /** Made, and not in the journal yet: the next attempt goes on with it instead of publishing another. */
  #candidate: A | undefined;
  readonly #turns = new Turns();

  constructor(options: RotationOptions<A>) {
    this.#options = options;
  }

  get slots(): Slots<A> {
    return this.#slots;
  }

  /** Takes up what the journal names and is still usable; the rest is logged and forgotten. */
  restore(bundle: TrustBundle | undefined): void {
    for (const slot of this.#options.journal.slotsOf(this.#options.kind.name)) this.#restoreSlot(slot, bundle);
  }

  /** Prepares and activates what is due. */
  tick(): Promise<void> {
    return this.#turns.take(async () => {
      const active = this.#slots.active?.authority;
      const now = this.#options.clock.now();
      const verdict = active && (await this.#review(active));
      const isReplaceable = active === undefined || now > prepareAt(active) || verdict !== 'sound';
      if (isReplaceable && !(await this.#isNextWaiting(now))) await this.#prepare();
      if (active === undefined || now > activateAt(active) || verdict === 'tainted') await this.#activate();
    });
  }

  /** Prepares the next authority, replacing what its slot held. */
  prepare(): Promise<A> {
    return this.#turns.take(() => this.#prepare());
  }

  /** Lets the prepared authority take over, unless `check` throws. @throws TypeError none is prepared. */
  activate(check: (slots: Slots<A>) => void): Promise<A> {
    return this.#turns.take(() => {
      check(this.#slots);
      return this.#activate();
    });
  }

  async #isNextWaiting(now: Date): Promise<boolean> {
    const { next } = this.#slots;
    if (next?.status !== 'prepared' || !isLive(next.authority, now)) return false;
    return (await this.#review(next.authority)) === 'sound';
  }

  async #review(authority: A): Promise<Verdict> {
    try {
      return (await this.#options.kind.review?.(authority)) ?? 'sound';
    } catch (error) {
      // When an authority is due, making it says the same as an error.
      this.#options.log.warn({ err: error }, 'the upstream authority cannot be used');
      return 'sound';
    }
  }

  async #prepare(): Promise<A> {
    const { kind } = this.#options;
    const authority = this.#liveCandidate() ?? (await this.#create());
    this.#candidate = authority;
    await kind.publish(authority);
    await this.#keep(prepared(this.#slots, authority));
    this.#candidate = undefined;
    this.#log('prepared an authority', authority);
    return authority;
  }

  async #create(): Promise<A> {
    const { active, next } = this.#slots;
    // Its key is about to be replaced: were it activated, nothing could sign after a restart.
    if (active !== undefined && next?.status === 'prepared') await this.#keep({ active, next: undefined });
    return this.#options.kind.create(this.#keyId(nextSlotName(this.#slots)));
  }

  #liveCandidate(): A | undefined {
    const candidate = this.#candidate;
    return candidate !== undefined && isLive(candidate, this.#options.clock.now()) ? candidate : undefined;
  }

  async #activate(): Promise<A> {
    const slots = activated(this.#slots);
    await this.#keep(slots);
    const { authority } = slots.active;
    this.#log('activated an authority', authority);
    return authority;
  }

  async #keep(slots: Slots<A>): Promise<void> {
    const kept = [slots.active, slots.next].filter((slot) => slot !== undefined);
    await this.#options.journal.record(this.#options.kind.name, kept);
    this.#slots = slots;
  }

  #restoreSlot(slot: JournalSlot, bundle: TrustBundle | undefined): void {
    const { kind, log } = this.#options;
    const restored = this.#restored(slot, bundle);
    if (restored.kind === 'unusable') {
      const { name, status, authority } = slot;
      log.warn(
        { kind: kind.name, slot: name, status, authority: authority.id, reason: restored.reason },
        'discarded an authority of the journal',
      );
      return;
    }
    const { authority } = restored;
    this.#slots =
      slot.status === 'active'
        ? { ...this.#slots, active: { name: slot.name, status: 'active', authority } }
        : { ...this.#slots, next: { name: slot.name, status: slot.status, authority } };
  }

  #restored(slot: JournalSlot, bundle: TrustBundle | undefined): ReturnType<AuthorityKind<A>['restore']> {
    if (!isLive(slot.authority, this.#options.clock.now())) return { kind: 'unusable', reason: 'it has expired' };
    return this.#options.kind.restore(slot.authority, this.#keyId(slot.name), bundle);
  }

  #keyId(slotName: string): string {
    return `${this.#options.kind.name}-${slotName}`;
  }

  #log(message: string, { id, expiresAt }: SigningAuthority): void {
    this.#options.log.info({ kind: this.#options.kind.name, authority: id, expiresAt }, message);
  }
}
