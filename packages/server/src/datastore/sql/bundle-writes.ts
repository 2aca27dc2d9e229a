// Reading and writing bundles within a transaction, for every store whose writes touch bundles.
import type { TrustDomain } from '@credence/sdk';
import type { TrustBundle } from '../../domain/trust-bundle.js';
import { decodeBundle, encodeBundle } from './bundle-row.js';
import { appendChanges } from './changes.js';
import type { Write } from './session.js';

export async function readBundle(trx: Write, trustDomain: TrustDomain): Promise<TrustBundle | undefined> {
  const row = await trx
    .selectFrom('bundles')
    .selectAll()
    .where('trust_domain', '=', trustDomain.name)
    .executeTakeFirst();
  return row === undefined ? undefined : decodeBundle(row);
}

/** Creates or replaces the bundle, and notes the change. */
export async function writeBundle(trx: Write, bundle: TrustBundle, now: Date): Promise<TrustBundle> {
  const { trust_domain, ...rest } = encodeBundle(bundle);
  await trx
    .insertInto('bundles')
    .values({ trust_domain, ...rest })
    .onConflict((conflict) => conflict.column('trust_domain').doUpdateSet(rest))
    .execute();
  await appendChanges(trx, 'bundle', [trust_domain], now);
  return bundle;
}
