// ChangeLog over SQL.
import type { Change, ChangeLog } from '../change-log.js';
import type { SqlSession } from './session.js';

export class SqlChangeLog implements ChangeLog {
  readonly #session: SqlSession;

  constructor({ session }: { readonly session: SqlSession }) {
    this.#session = session;
  }

  async since(id: number, limit: number): Promise<readonly Change[]> {
    const rows = await this.#session.read((db) =>
      db
        .selectFrom('changes')
        .select(['row_id', 'noun', 'key'])
        .where('row_id', '>', id)
        .orderBy('row_id')
        .limit(limit)
        .execute(),
    );
    return rows.map(({ row_id, noun, key }) => ({ id: row_id, noun: noun as Change['noun'], key }));
  }

  async last(): Promise<number> {
    const row = await this.#session.read((db) =>
      db.selectFrom('changes').select('row_id').orderBy('row_id', 'desc').limit(1).executeTakeFirst(),
    );
    return row?.row_id ?? 0;
  }

  onCommit(listener: () => void | Promise<void>): () => void {
    return this.#session.onCommit(listener);
  }

  /** With them goes the memory of deleted entries whose creation nobody can repeat by now. */
  async prune(before: Date): Promise<void> {
    await this.#session.write(async (trx) => {
      await trx.deleteFrom('changes').where('at', '<', before.getTime()).execute();
      await trx.deleteFrom('deleted_entries').where('created_at', '<', before.getTime()).execute();
    });
  }
}
