// The two slots of a kind of authority. One holds the active authority; the other is free, holds the one that is
// prepared to follow it, or the old one that it followed. Values: a change is a new pair, put in place once it is kept.
import type { SigningAuthority } from './authority.js';

export type SlotName = 'A' | 'B';

export interface Slot<A extends SigningAuthority, Status extends SlotStatus = SlotStatus> {
  readonly name: SlotName;
  readonly status: Status;
  readonly authority: A;
}

export type SlotStatus = 'prepared' | 'active' | 'old';

export interface Slots<A extends SigningAuthority> {
  readonly active: Slot<A, 'active'> | undefined;
  readonly next: Slot<A, 'prepared' | 'old'> | undefined;
}

export const emptySlots: Slots<never> = { active: undefined, next: undefined };

/** The slot that the next authority is prepared in: never the one of the active authority. */
export function nextSlotName(slots: Slots<SigningAuthority>): SlotName {
  if (slots.active !== undefined) return slots.active.name === 'A' ? 'B' : 'A';
  return slots.next?.name ?? 'A';
}

/** The slots once `authority` is prepared; what the slot held before is gone. */
export function prepared<A extends SigningAuthority>(slots: Slots<A>, authority: A): Slots<A> {
  return { active: slots.active, next: { name: nextSlotName(slots), status: 'prepared', authority } };
}

/** The slots once the prepared authority has taken over. @throws TypeError none is prepared. */
export function activated<A extends SigningAuthority>({
  active,
  next,
}: Slots<A>): Slots<A> & { readonly active: Slot<A, 'active'> } {
  if (next?.status !== 'prepared') throw new TypeError('no authority is prepared');
  return {
    active: { ...next, status: 'active' },
    next: active === undefined ? undefined : { ...active, status: 'old' },
  };
}
