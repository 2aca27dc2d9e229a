// BundleStore over SQL.
import type { TrustDomain } from '@credence/sdk';
import type { Clock } from '@credence/sdk/runtime';
import { serverError } from '../../domain/errors.js';
import type { TrustBundle } from '../../domain/trust-bundle.js';
import type { Authorities, BundleStore } from '../bundle-store.js';
import { decodeBundle, encodeAuthorities } from './bundle-row.js';
import { readBundle, writeBundle } from './bundle-writes.js';
import type { SqlSession, Write } from './session.js';
import type { SqlStoreOptions } from './sql-entry-store.js';

export class SqlBundleStore implements BundleStore {
  readonly #session: SqlSession;
  readonly #clock: Clock;

  constructor({ session, clock }: SqlStoreOptions) {
    this.#session = session;
    this.#clock = clock;
  }

  async get(trustDomain: TrustDomain): Promise<TrustBundle | undefined> {
    const row = await this.#session.read((db) =>
      db.selectFrom('bundles').selectAll().where('trust_domain', '=', trustDomain.name).executeTakeFirst(),
    );
    return row === undefined ? undefined : decodeBundle(row);
  }

  async list(): Promise<readonly TrustBundle[]> {
    const rows = await this.#session.read((db) =>
      db.selectFrom('bundles').selectAll().orderBy('trust_domain').execute(),
    );
    return rows.map(decodeBundle);
  }

  append(trustDomain: TrustDomain, authorities: Partial<Authorities>): Promise<TrustBundle> {
    return this.#session.write(async (trx) => {
      const bundle = await readBundle(trx, trustDomain);
      if (bundle !== undefined) return this.#change(trx, bundle, union(bundle, authorities));
      const created = { ...empty(trustDomain), ...union(empty(trustDomain), authorities) };
      return this.#write(trx, created);
    });
  }

  replace(trustDomain: TrustDomain, change: (bundle: TrustBundle) => Authorities): Promise<TrustBundle> {
    return this.#session.write(async (trx) => {
      const bundle = await existing(trx, trustDomain);
      return this.#change(trx, bundle, change(bundle));
    });
  }

  async setRefreshHint(trustDomain: TrustDomain, seconds: number): Promise<void> {
    await this.#session.write(async (trx) => {
      const bundle = await existing(trx, trustDomain);
      if (bundle.refreshHintSeconds === seconds) return;
      const sequenceNumber = bundle.sequenceNumber + 1n;
      await this.#write(trx, { ...bundle, refreshHintSeconds: seconds, sequenceNumber });
    });
  }

  async set(bundle: TrustBundle): Promise<void> {
    await this.#session.write((trx) => this.#write(trx, bundle));
  }

  async #change(trx: Write, bundle: TrustBundle, authorities: Authorities): Promise<TrustBundle> {
    if (encodeAuthorities(bundle) === encodeAuthorities(authorities)) return bundle;
    const { x509Authorities, jwtAuthorities } = authorities;
    return this.#write(trx, { ...bundle, x509Authorities, jwtAuthorities, sequenceNumber: bundle.sequenceNumber + 1n });
  }

  #write(trx: Write, bundle: TrustBundle): Promise<TrustBundle> {
    return writeBundle(trx, bundle, this.#clock.now());
  }
}

async function existing(trx: Write, trustDomain: TrustDomain): Promise<TrustBundle> {
  const bundle = await readBundle(trx, trustDomain);
  if (bundle !== undefined) return bundle;
  throw serverError('ERR_BUNDLE_NOT_FOUND', `no bundle is stored for trust domain "${trustDomain.name}"`);
}

function empty(trustDomain: TrustDomain): TrustBundle {
  return { trustDomain, x509Authorities: [], jwtAuthorities: [], refreshHintSeconds: 0, sequenceNumber: 0n };
}

/** What is there stays as it is, tainted or not. */
function union(bundle: Authorities, added: Partial<Authorities>): Authorities {
  return {
    x509Authorities: distinct([...bundle.x509Authorities, ...(added.x509Authorities ?? [])], ({ certificate }) =>
      certificate.toString('base64'),
    ),
    jwtAuthorities: distinct([...bundle.jwtAuthorities, ...(added.jwtAuthorities ?? [])], ({ keyId }) => keyId),
  };
}

function distinct<T>(values: readonly T[], keyOf: (value: T) => string): readonly T[] {
  const byKey = new Map<string, T>();
  for (const value of values) if (!byKey.has(keyOf(value))) byKey.set(keyOf(value), value);
  return [...byKey.values()];
}
