// Reading rows in creation order: by pages for callers, by batches for everything. Nothing is allocated by the size asked
// for, and the event loop turns between batches.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { serverError } from '../../domain/errors.js';
import type { Page, PageRequest } from '../page.js';

const batchSize = 1000;

export interface Row {
  readonly row_id: number;
}

/** Up to `limit` rows with a row id above `after`, in order. */
export type ReadRows<R extends Row> = (after: number, limit: number) => Promise<readonly R[]>;

/** @throws `ERR_INVALID_ARGUMENT` for a token that is not a row id */
export async function readPage<R extends Row, T>(
  { size, token }: PageRequest,
  readRows: ReadRows<R>,
  decode: (row: R) => T,
): Promise<Page<T>> {
  const everything = size <= 0;
  const items: T[] = [];
  let last = '';
  for await (const rows of readBatches(readRows, everything ? 0 : parseToken(token), everything ? Infinity : size)) {
    for (const row of rows) {
      items.push(decode(row));
      last = String(row.row_id);
    }
  }
  return { items, nextToken: everything ? '' : last };
}

/** All rows after `after` until there are `limit`, in batches. */
export async function* readBatches<R extends Row>(
  readRows: ReadRows<R>,
  after = 0,
  limit = Infinity,
): AsyncGenerator<readonly R[], void, undefined> {
  let [last, left] = [after, limit];
  while (left > 0) {
    const wanted = Math.min(left, batchSize);
    const rows = await readRows(last, wanted);
    if (rows.length > 0) yield rows;
    if (rows.length < wanted) return;
    last = rows.at(-1)?.row_id ?? last;
    left -= rows.length;
    await nextTurn();
  }
}

function parseToken(token: string): number {
  if (token === '') return 0;
  if (!/^\d+$/.test(token)) {
    throw serverError('ERR_INVALID_ARGUMENT', `could not parse token '${token.slice(0, 40)}': expected a row id`);
  }
  return Math.min(Number(token), Number.MAX_SAFE_INTEGER);
}
