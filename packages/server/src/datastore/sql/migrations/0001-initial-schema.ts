// Version 1: every table. Plain SQL that SQLite and PostgreSQL read alike.
import type { Transaction } from 'kysely';
import { sql } from '../kysely.js';
import type { ColumnTypes } from '../engine.js';
import type { Schema } from '../schema.js';

export async function initialSchema(db: Transaction<Schema>, { rowId }: ColumnTypes): Promise<void> {
  const statements = [
    sql`create table credence_migrations (version integer primary key, applied_at bigint not null)`,
    sql`create table bundles (
      trust_domain text primary key,
      authorities text not null,
      refresh_hint bigint not null,
      sequence_number text not null
    )`,
    sql`create table entries (
      row_id ${rowId},
      id text not null unique,
      spiffe_id text not null,
      parent_id text not null,
      selectors text not null,
      similarity text not null,
      x509_svid_ttl integer not null,
      jwt_svid_ttl integer not null,
      federates_with text not null,
      admin integer not null,
      downstream integer not null,
      store_svid integer not null,
      hint text not null,
      dns_names text not null,
      expires_at bigint,
      disable_x509_svid_prefetch integer not null,
      jwt_svid_include_jti integer not null,
      revision_number bigint not null,
      created_at bigint not null
    )`,
    sql`create index entries_spiffe_id on entries (spiffe_id)`,
    sql`create index entries_parent_id on entries (parent_id)`,
    sql`create index entries_similarity on entries (similarity)`,
    sql`create index entries_expires_at on entries (expires_at)`,
    sql`create table entry_selectors (
      owner bigint not null references entries (row_id) on delete cascade,
      member text not null,
      primary key (owner, member)
    )`,
    sql`create index entry_selectors_member on entry_selectors (member, owner)`,
    sql`create table entry_federations (
      owner bigint not null references entries (row_id) on delete cascade,
      member text not null references bundles (trust_domain),
      primary key (owner, member)
    )`,
    sql`create index entry_federations_member on entry_federations (member, owner)`,
    sql`create table deleted_entries (id text primary key, created_at bigint not null)`,
    sql`create table agents (
      row_id ${rowId},
      id text not null unique,
      attestation_type text not null,
      serial_number text not null,
      expires_at bigint not null,
      renewed_serial_number text,
      renewed_expires_at bigint,
      can_reattest integer not null,
      agent_version text not null,
      selectors text not null
    )`,
    sql`create table agent_selectors (
      owner bigint not null references agents (row_id) on delete cascade,
      member text not null,
      primary key (owner, member)
    )`,
    sql`create index agent_selectors_member on agent_selectors (member, owner)`,
    sql`create table join_tokens (value text primary key, expires_at bigint not null)`,
    sql`create table journals (row_id ${rowId}, active_x509_authority_id text not null, data text not null)`,
    sql`create table changes (row_id ${rowId}, noun text not null, key text not null, at bigint not null)`,
  ];
  for (const statement of statements) await statement.execute(db);
}
