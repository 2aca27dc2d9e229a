// The journal as text: JSON of a version and, for each kind of authority, its slots.
import { z } from 'zod';
import { serverError } from '../domain/errors.js';
import type { JournalRecord } from '../datastore/journal-store.js';
import type { AuthorityRecord } from './authority.js';
import type { SlotName, SlotStatus } from './slots.js';

export interface JournalSlot {
  readonly name: SlotName;
  readonly status: SlotStatus;
  readonly authority: AuthorityRecord;
}

/** By kind. */
export type JournalTable = Readonly<Record<string, readonly JournalSlot[]>>;

const instant = z.iso.datetime().transform((text) => new Date(text));

const bytes = z.base64().transform((text) => Buffer.from(text, 'base64'));

const slotForm = z.strictObject({
  name: z.enum(['A', 'B']),
  status: z.enum(['prepared', 'active', 'old']),
  authority: z.strictObject({
    id: z.string().min(1),
    issuedAt: instant,
    expiresAt: instant,
    published: bytes,
    upstreamChain: z.array(bytes).optional(),
  }),
});

const journalForm = z.strictObject({
  version: z.literal(1),
  authorities: z.record(z.string(), z.array(slotForm).max(2)),
});

export function encodeJournal(table: JournalTable): string {
  const authorities = Object.entries(table).map(([kind, slots]) => [kind, slots.map(encodeSlot)] as const);
  return JSON.stringify({ version: 1, authorities: Object.fromEntries(authorities) });
}

function encodeSlot({ name, status, authority }: JournalSlot): object {
  const { id, issuedAt, expiresAt, published, upstreamChain } = authority;
  const above = upstreamChain && { upstreamChain: upstreamChain.map((der) => der.toString('base64')) };
  return { name, status, authority: { id, issuedAt, expiresAt, published: published.toString('base64'), ...above } };
}

/** @throws `ERR_DATASTORE_UNUSABLE` */
export function decodeJournal(record: JournalRecord): JournalTable {
  try {
    return journalForm.parse(JSON.parse(record.data)).authorities;
  } catch (cause) {
    throw serverError(
      'ERR_DATASTORE_UNUSABLE',
      `authority journal ${record.id} does not parse: it is damaged or of a newer version`,
      { cause },
    );
  }
}
