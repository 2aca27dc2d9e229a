// FederatedBundleStore over SQL.
import type { TrustDomain } from '@credence/sdk';
import type { Clock } from '@credence/sdk/runtime';
import { serverError } from '../../domain/errors.js';
import type { TrustBundle } from '../../domain/trust-bundle.js';
import type { DeleteMode, FederatedBundleStore } from '../federated-bundle-store.js';
import type { Page, PageRequest } from '../page.js';
import { decodeBundle } from './bundle-row.js';
import { readBundle, writeBundle } from './bundle-writes.js';
import { appendChanges } from './changes.js';
import { decodeEntry } from './entry-row.js';
import { noteDeleted, replaceEntry } from './entry-writes.js';
import { readPageByName } from './paging-by-name.js';
import type { SqlSession, Write } from './session.js';
import type { SqlStoreOptions } from './sql-entry-store.js';

export class SqlFederatedBundleStore implements FederatedBundleStore {
  readonly #session: SqlSession;
  readonly #clock: Clock;

  constructor({ session, clock }: SqlStoreOptions) {
    this.#session = session;
    this.#clock = clock;
  }

  async create(bundle: TrustBundle): Promise<void> {
    await this.#session.write(async (trx) => {
      if ((await readBundle(trx, bundle.trustDomain)) !== undefined) {
        throw serverError('ERR_BUNDLE_EXISTS', 'bundle already exists');
      }
      await writeBundle(trx, bundle, this.#clock.now());
    });
  }

  update(trustDomain: TrustDomain, change: (bundle: TrustBundle) => TrustBundle): Promise<TrustBundle> {
    return this.#session.write(async (trx) => {
      const bundle = await readBundle(trx, trustDomain);
      if (bundle === undefined) throw notFound(trustDomain);
      return writeBundle(trx, { ...change(bundle), trustDomain }, this.#clock.now());
    });
  }

  delete(trustDomain: TrustDomain, mode: DeleteMode): Promise<void> {
    return this.#session.write(async (trx) => {
      if ((await readBundle(trx, trustDomain)) === undefined) throw notFound(trustDomain);
      const now = this.#clock.now();
      await releaseEntries(trx, trustDomain, mode, now);
      await trx.deleteFrom('bundles').where('trust_domain', '=', trustDomain.name).execute();
      await appendChanges(trx, 'bundle', [trustDomain.name], now);
    });
  }

  list(own: TrustDomain, page: PageRequest): Promise<Page<TrustBundle>> {
    return readPageByName(
      page,
      (after, limit) =>
        this.#session.read((db) => {
          const rows = db.selectFrom('bundles').selectAll().where('trust_domain', '>', after);
          const federated = rows.where('trust_domain', '!=', own.name).orderBy('trust_domain');
          return (limit === undefined ? federated : federated.limit(limit)).execute();
        }),
      decodeBundle,
    );
  }
}

async function releaseEntries(trx: Write, trustDomain: TrustDomain, mode: DeleteMode, now: Date): Promise<void> {
  const federating = trx.selectFrom('entry_federations').select('owner').where('member', '=', trustDomain.name);
  if (mode === 'delete') {
    const deleted = trx.deleteFrom('entries').where('row_id', 'in', federating).returning(['id', 'created_at']);
    await noteDeleted(trx, await deleted.execute(), now);
    return;
  }
  const rows = await trx.selectFrom('entries').selectAll().where('row_id', 'in', federating).execute();
  if (rows.length > 0 && mode === 'restrict') {
    throw serverError(
      'ERR_BUNDLE_IN_USE',
      `datastore-sql: cannot delete bundle; federated with ${rows.length} registration entries`,
    );
  }
  for (const row of rows) {
    const entry = decodeEntry(row);
    const federatesWith = entry.federatesWith.filter((name) => !name.equals(trustDomain));
    await replaceEntry(trx, row.row_id, { ...entry, federatesWith, revisionNumber: entry.revisionNumber + 1 }, now);
  }
}

function notFound(trustDomain: TrustDomain): Error {
  return serverError('ERR_BUNDLE_NOT_FOUND', `no bundle is stored for trust domain "${trustDomain.name}"`);
}
