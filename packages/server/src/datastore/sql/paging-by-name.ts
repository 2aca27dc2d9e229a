// Pages of tables whose key is a trust domain: in the order of names, with the last name read as the token.
import { TrustDomain } from '@credence/sdk/spiffeid';
import { serverError } from '../../domain/errors.js';
import type { Page, PageRequest } from '../page.js';

/** Rows with a name above `after`, in order; all of them when there is no limit. */
export type ReadNamed<Row> = (after: string, limit: number | undefined) => Promise<readonly Row[]>;

/** @throws `ERR_INVALID_ARGUMENT` for a token that is no trust domain */
export async function readPageByName<Row extends { readonly trust_domain: string }, T>(
  { size, token }: PageRequest,
  readRows: ReadNamed<Row>,
  decode: (row: Row) => T,
): Promise<Page<T>> {
  const everything = size <= 0;
  const rows = await (everything ? readRows('', undefined) : readRows(parseToken(token), size));
  return { items: rows.map(decode), nextToken: everything ? '' : (rows.at(-1)?.trust_domain ?? '') };
}

function parseToken(token: string): string {
  if (token === '') return '';
  try {
    return TrustDomain.parse(token).name;
  } catch (cause) {
    const shown = token.slice(0, 40);
    throw serverError('ERR_INVALID_ARGUMENT', `could not parse token '${shown}': expected a trust domain`, { cause });
  }
}
