// Writing registration entries within a transaction, for every store whose writes touch entries.
import { serverError } from '../../domain/errors.js';
import type { NewEntry, RegistrationEntry } from '../../domain/registration-entry.js';
import { selectorKey } from '../../domain/selector.js';
import type { CreateOutcome } from '../entry-store.js';
import { appendChanges } from './changes.js';
import { decodeEntry, encodeEntry, similarityOf } from './entry-row.js';
import type { Write } from './session.js';

/** @throws `ERR_ENTRY_EXISTS`, `ERR_BUNDLE_NOT_FOUND` */
export async function insertEntry(trx: Write, entry: NewEntry, now: Date): Promise<CreateOutcome> {
  const similar = await trx
    .selectFrom('entries')
    .selectAll()
    .where('similarity', '=', similarityOf(entry))
    .orderBy('row_id')
    .limit(1)
    .executeTakeFirst();
  if (similar !== undefined) return { kind: 'similar', entry: decodeEntry(similar) };
  await checkReferences(trx, entry);
  const created = { ...entry, revisionNumber: 0, createdAt: await creationTime(trx, entry.id, now) };
  const row = await trx
    .insertInto('entries')
    .values(encodeEntry(created))
    .onConflict((conflict) => conflict.column('id').doNothing())
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) throw exists(`an entry with ID "${entry.id}" is already there`);
  await insertMembers(trx, row.row_id, created);
  await appendChanges(trx, 'entry', [created.id], now);
  return { kind: 'created', entry: decodeEntry(row) };
}

/** Replaces the entry in the row. @throws `ERR_ENTRY_EXISTS`, `ERR_BUNDLE_NOT_FOUND` */
export async function replaceEntry(
  trx: Write,
  rowId: number,
  entry: RegistrationEntry,
  now: Date,
): Promise<RegistrationEntry> {
  await checkReferences(trx, entry);
  const row = await trx
    .updateTable('entries')
    .set(encodeEntry(entry))
    .where('row_id', '=', rowId)
    .returningAll()
    .executeTakeFirstOrThrow();
  await trx.deleteFrom('entry_selectors').where('owner', '=', rowId).execute();
  await trx.deleteFrom('entry_federations').where('owner', '=', rowId).execute();
  await insertMembers(trx, rowId, entry);
  await appendChanges(trx, 'entry', [entry.id], now);
  return decodeEntry(row);
}

// Keeps a statement far below the engines' limits on parameters.
const rowsPerStatement = 500;

/** What follows the deletion of entry rows. Answers their IDs. */
export async function noteDeleted(
  trx: Write,
  rows: readonly { readonly id: string; readonly created_at: number }[],
  now: Date,
): Promise<readonly string[]> {
  for (let start = 0; start < rows.length; start += rowsPerStatement) {
    await trx
      .insertInto('deleted_entries')
      .values(rows.slice(start, start + rowsPerStatement).map(({ id, created_at }) => ({ id, created_at })))
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet((eb) => ({ created_at: eb.ref('excluded.created_at') })),
      )
      .execute();
  }
  const ids = rows.map(({ id }) => id);
  await appendChanges(trx, 'entry', ids, now);
  return ids;
}

/**
 * A whole second, and a later one than that of a deleted entry with the same ID: agents know an entry by its ID, its
 * revision and this second, and would else take the new entry for the old one.
 */
async function creationTime(trx: Write, id: string, now: Date): Promise<Date> {
  const deleted = await trx.selectFrom('deleted_entries').select('created_at').where('id', '=', id).executeTakeFirst();
  const earliest = deleted === undefined ? 0 : deleted.created_at + 1000;
  return new Date(Math.max(Math.floor(now.getTime() / 1000) * 1000, earliest));
}

async function checkReferences(trx: Write, entry: NewEntry): Promise<void> {
  checkDistinct('selector', entry.selectors.map(selectorKey));
  checkDistinct('DNS name', entry.dnsNames);
  const names = entry.federatesWith.map(({ name }) => name);
  if (names.length === 0) return;
  const rows = await trx.selectFrom('bundles').select('trust_domain').where('trust_domain', 'in', names).execute();
  const known = new Set(rows.map((row) => row.trust_domain));
  const missing = names.find((name) => !known.has(name));
  if (missing === undefined) return;
  throw serverError('ERR_BUNDLE_NOT_FOUND', `unable to find federated bundle "spiffe://${missing}"`);
}

function checkDistinct(noun: string, values: readonly string[]): void {
  const seen = new Set<string>();
  for (const value of values) {
    if (seen.has(value)) throw exists(`${noun} "${value}" is given twice`);
    seen.add(value);
  }
}

async function insertMembers(trx: Write, owner: number, entry: NewEntry): Promise<void> {
  const selectors = entry.selectors.map((selector) => ({ owner, member: selectorKey(selector) }));
  await trx.insertInto('entry_selectors').values(selectors).execute();
  const federations = [...new Set(entry.federatesWith.map(({ name }) => name))].map((member) => ({ owner, member }));
  if (federations.length > 0) await trx.insertInto('entry_federations').values(federations).execute();
}

function exists(problem: string): Error {
  return serverError('ERR_ENTRY_EXISTS', `datastore-sql: UNIQUE constraint failed: ${problem}`);
}
