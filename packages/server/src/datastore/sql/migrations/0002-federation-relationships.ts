// Version 2: from where the bundles of other trust domains come.
import type { Transaction } from 'kysely';
import { sql } from '../kysely.js';
import type { Schema } from '../schema.js';

export async function federationRelationships(db: Transaction<Schema>): Promise<void> {
  await sql`create table federation_relationships (
    trust_domain text primary key,
    endpoint_url text not null,
    endpoint_id text
  )`.execute(db);
}
