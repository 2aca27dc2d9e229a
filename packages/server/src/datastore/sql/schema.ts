// The tables, as Kysely types. An entry and an agent are one row each; their `_selectors` and `_federations` tables hold
// nothing new: they are the indexes by which rows are found. Instants are milliseconds since 1970, booleans 0 or 1.
import type { Generated } from 'kysely';

export interface Schema {
  credence_migrations: MigrationTable;
  entries: EntryTable;
  entry_selectors: MemberTable;
  entry_federations: MemberTable;
  deleted_entries: { id: string; created_at: number };
  agents: AgentTable;
  agent_selectors: MemberTable;
  join_tokens: { value: string; expires_at: number };
  bundles: BundleTable;
  federation_relationships: RelationshipTable;
  journals: { row_id: Generated<number>; active_x509_authority_id: string; data: string };
  changes: { row_id: Generated<number>; noun: string; key: string; at: number };
}

export interface MigrationTable {
  version: number;
  applied_at: number;
}

export interface EntryTable {
  row_id: Generated<number>;
  id: string;
  spiffe_id: string;
  parent_id: string;
  /** JSON array of selector keys, in the order given. */
  selectors: string;
  /** Equal for similar entries: a digest of parent, SPIFFE ID and set of selectors. */
  similarity: string;
  x509_svid_ttl: number;
  jwt_svid_ttl: number;
  /** JSON array of trust domain names. */
  federates_with: string;
  admin: number;
  downstream: number;
  store_svid: number;
  hint: string;
  /** JSON array, in the order given. */
  dns_names: string;
  expires_at: number | null;
  disable_x509_svid_prefetch: number;
  jwt_svid_include_jti: number;
  revision_number: number;
  created_at: number;
}

/** A set that a row has: `owner` is its row id, `member` a selector key or a trust domain name. */
export interface MemberTable {
  owner: number;
  member: string;
}

export interface AgentTable {
  row_id: Generated<number>;
  id: string;
  attestation_type: string;
  serial_number: string;
  expires_at: number;
  renewed_serial_number: string | null;
  renewed_expires_at: number | null;
  can_reattest: number;
  agent_version: string;
  /** JSON array of selector keys. */
  selectors: string;
}

export interface BundleTable {
  trust_domain: string;
  /** JSON: `{ x509: [{ certificate, tainted }], jwt: [{ publicKey, keyId, expiresAt, tainted }] }`, DER in base64. */
  authorities: string;
  refresh_hint: number;
  /** Decimal: all of uint64. */
  sequence_number: string;
}

export interface RelationshipTable {
  trust_domain: string;
  endpoint_url: string;
  /** Of an https_spiffe endpoint; null is https_web. */
  endpoint_id: string | null;
}
