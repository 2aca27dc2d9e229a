// Finding rows by a set that they have: their selectors, or the trust domains that they federate with.
import type { RawBuilder, SqlBool } from 'kysely';
import { sql } from './kysely.js';
import { serverError } from '../../domain/errors.js';
import type { SetMatch } from '../../domain/selector.js';
import type { Schema } from './schema.js';

export interface SetCondition {
  /** The column with the row id, such as `entries.row_id`. */
  readonly rowId: 'entries.row_id' | 'agents.row_id';
  readonly table: keyof Schema & ('entry_selectors' | 'entry_federations' | 'agent_selectors');
  readonly match: SetMatch;
  readonly members: readonly string[];
}

/**
 * The condition for a `where`. Every match asks for one common member at least, which the index finds.
 *
 * @throws `ERR_INVALID_ARGUMENT` for an empty set
 */
export function setMatches({ rowId, table, match, members }: SetCondition): RawBuilder<SqlBool> {
  const given = [...new Set(members)];
  if (given.length === 0) throw serverError('ERR_INVALID_ARGUMENT', 'cannot list by an empty set');
  const owner = sql.ref(rowId);
  const rows = sql.table(table);
  const list = sql.join(given);
  const any = sql`${owner} in (select owner from ${rows} where member in (${list}))`;
  const containsAll = sql`(select count(*) from ${rows} where owner = ${owner} and member in (${list})) = ${given.length}`;
  const containsOnly = sql`not exists (select 1 from ${rows} where owner = ${owner} and member not in (${list}))`;
  switch (match) {
    case 'any':
      return sql<SqlBool>`${any}`;
    case 'superset':
      return sql<SqlBool>`(${any} and ${containsAll})`;
    case 'subset':
      return sql<SqlBool>`(${any} and ${containsOnly})`;
    case 'exact':
      return sql<SqlBool>`(${any} and ${containsAll} and ${containsOnly})`;
  }
}
