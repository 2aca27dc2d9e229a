// Appending to the change log, within the transaction of the change itself.
import type { Change } from '../change-log.js';
import type { Write } from './session.js';

// Keeps a statement far below the engines' limits on parameters.
const rowsPerStatement = 500;

export async function appendChanges(
  trx: Write,
  noun: Change['noun'],
  keys: readonly string[],
  at: Date,
): Promise<void> {
  for (let start = 0; start < keys.length; start += rowsPerStatement) {
    const rows = keys.slice(start, start + rowsPerStatement).map((key) => ({ noun, key, at: at.getTime() }));
    await trx.insertInto('changes').values(rows).execute();
  }
}
