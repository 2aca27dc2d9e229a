// JournalStore over SQL.
import type { JournalRecord, JournalStore } from '../journal-store.js';
import type { SqlSession } from './session.js';

export class SqlJournalStore implements JournalStore {
  readonly #session: SqlSession;

  constructor({ session }: { readonly session: SqlSession }) {
    this.#session = session;
  }

  async list(): Promise<readonly JournalRecord[]> {
    const rows = await this.#session.read((db) => db.selectFrom('journals').selectAll().orderBy('row_id').execute());
    return rows.map(({ row_id, active_x509_authority_id, data }) => ({
      id: row_id,
      activeX509AuthorityId: active_x509_authority_id,
      data,
    }));
  }

  save({ id, activeX509AuthorityId, data }: Parameters<JournalStore['save']>[0]): Promise<number> {
    const record = { active_x509_authority_id: activeX509AuthorityId, data };
    return this.#session.write(async (trx) => {
      const updated =
        id === undefined
          ? undefined
          : await trx
              .updateTable('journals')
              .set(record)
              .where('row_id', '=', id)
              .returning('row_id')
              .executeTakeFirst();
      // A record that is gone is written anew: a server must not lose its journal.
      const row =
        updated ?? (await trx.insertInto('journals').values(record).returning('row_id').executeTakeFirstOrThrow());
      return row.row_id;
    });
  }

  async delete(id: number): Promise<void> {
    await this.#session.write((trx) => trx.deleteFrom('journals').where('row_id', '=', id).execute());
  }
}
