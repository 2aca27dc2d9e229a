// JoinTokenStore over SQL.
import type { Clock } from '@credence/sdk/runtime';
import { serverError } from '../../domain/errors.js';
import type { JoinToken } from '../../domain/join-token.js';
import type { NewEntry } from '../../domain/registration-entry.js';
import type { JoinTokenStore } from '../join-token-store.js';
import { insertEntry } from './entry-writes.js';
import type { SqlSession } from './session.js';
import type { SqlStoreOptions } from './sql-entry-store.js';

export class SqlJoinTokenStore implements JoinTokenStore {
  readonly #session: SqlSession;
  readonly #clock: Clock;

  constructor({ session, clock }: SqlStoreOptions) {
    this.#session = session;
    this.#clock = clock;
  }

  create({ value, expiresAt }: JoinToken, alias?: NewEntry): Promise<void> {
    return this.#session.write(async (trx) => {
      const inserted = await trx
        .insertInto('join_tokens')
        .values({ value, expires_at: expiresAt.getTime() })
        .onConflict((conflict) => conflict.column('value').doNothing())
        .returning('expires_at')
        .executeTakeFirst();
      if (inserted === undefined) throw serverError('ERR_TOKEN_EXISTS', 'the join token is already there');
      if (alias !== undefined) await insertEntry(trx, alias, this.#clock.now());
    });
  }

  /** One statement finds and deletes the token, so that no two callers can both find it. */
  take(value: string): Promise<JoinToken | undefined> {
    return this.#session.write(async (trx) => {
      const row = await trx.deleteFrom('join_tokens').where('value', '=', value).returningAll().executeTakeFirst();
      return row === undefined ? undefined : { value: row.value, expiresAt: new Date(row.expires_at) };
    });
  }
}
