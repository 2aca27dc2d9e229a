// RelationshipStore over SQL.
import type { Selectable } from 'kysely';
import { SpiffeId, TrustDomain } from '@credence/sdk/spiffeid';
import type { Clock } from '@credence/sdk/runtime';
import { serverError } from '../../domain/errors.js';
import type { FederationRelationship } from '../../domain/federation-relationship.js';
import type { TrustBundle } from '../../domain/trust-bundle.js';
import type { Page, PageRequest } from '../page.js';
import type { RelationshipPatch, RelationshipStore } from '../relationship-store.js';
import { writeBundle } from './bundle-writes.js';
import { readPageByName } from './paging-by-name.js';
import type { RelationshipTable } from './schema.js';
import type { SqlSession } from './session.js';
import type { SqlStoreOptions } from './sql-entry-store.js';

export class SqlRelationshipStore implements RelationshipStore {
  readonly #session: SqlSession;
  readonly #clock: Clock;

  constructor({ session, clock }: SqlStoreOptions) {
    this.#session = session;
    this.#clock = clock;
  }

  create(relationship: FederationRelationship, bundle?: TrustBundle): Promise<void> {
    return this.#session.write(async (trx) => {
      const inserted = await trx
        .insertInto('federation_relationships')
        .values(encode(relationship))
        .onConflict((conflict) => conflict.column('trust_domain').doNothing())
        .returning('trust_domain')
        .executeTakeFirst();
      if (inserted === undefined) {
        throw serverError('ERR_RELATIONSHIP_EXISTS', 'federation relationship already exists');
      }
      if (bundle !== undefined) await writeBundle(trx, bundle, this.#clock.now());
    });
  }

  update(trustDomain: TrustDomain, patch: RelationshipPatch, bundle?: TrustBundle): Promise<FederationRelationship> {
    return this.#session.write(async (trx) => {
      const row = await trx
        .selectFrom('federation_relationships')
        .selectAll()
        .where('trust_domain', '=', trustDomain.name)
        .executeTakeFirst();
      if (row === undefined) throw notFound(trustDomain);
      const changed = { ...decode(row), ...patch };
      const { trust_domain, ...rest } = encode(changed);
      await trx.updateTable('federation_relationships').set(rest).where('trust_domain', '=', trust_domain).execute();
      if (bundle !== undefined) await writeBundle(trx, bundle, this.#clock.now());
      return changed;
    });
  }

  delete(trustDomain: TrustDomain): Promise<void> {
    return this.#session.write(async (trx) => {
      const deleted = await trx
        .deleteFrom('federation_relationships')
        .where('trust_domain', '=', trustDomain.name)
        .returning('trust_domain')
        .executeTakeFirst();
      if (deleted === undefined) throw notFound(trustDomain);
    });
  }

  async get(trustDomain: TrustDomain): Promise<FederationRelationship | undefined> {
    const row = await this.#session.read((db) =>
      db
        .selectFrom('federation_relationships')
        .selectAll()
        .where('trust_domain', '=', trustDomain.name)
        .executeTakeFirst(),
    );
    return row === undefined ? undefined : decode(row);
  }

  list(page: PageRequest): Promise<Page<FederationRelationship>> {
    return readPageByName(
      page,
      (after, limit) =>
        this.#session.read((db) => {
          const rows = db.selectFrom('federation_relationships').selectAll();
          const wanted = rows.where('trust_domain', '>', after).orderBy('trust_domain');
          return (limit === undefined ? wanted : wanted.limit(limit)).execute();
        }),
      decode,
    );
  }
}

function encode({ trustDomain, endpointUrl, profile }: FederationRelationship): RelationshipTable {
  return {
    trust_domain: trustDomain.name,
    endpoint_url: endpointUrl,
    endpoint_id: profile.kind === 'https_spiffe' ? profile.endpointId.toString() : null,
  };
}

function decode(row: Selectable<RelationshipTable>): FederationRelationship {
  return {
    trustDomain: TrustDomain.parse(row.trust_domain),
    endpointUrl: row.endpoint_url,
    profile:
      row.endpoint_id === null
        ? { kind: 'https_web' }
        : { kind: 'https_spiffe', endpointId: SpiffeId.parse(row.endpoint_id) },
  };
}

function notFound(trustDomain: TrustDomain): Error {
  return serverError(
    'ERR_RELATIONSHIP_NOT_FOUND',
    `no federation relationship is stored for trust domain "${trustDomain.name}"`,
  );
}
