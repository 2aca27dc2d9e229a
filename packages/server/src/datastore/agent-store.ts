import type { SpiffeId } from '@credence/sdk';
import type { AgentFilter, Attestation, AttestedAgent } from '../domain/attested-agent.js';
import type { Page, PageRequest } from './page.js';

export interface AgentsToPrune {
  readonly expiredBefore: Date;
  /** False: only those that can attest again. */
  readonly includeTofu: boolean;
  readonly limit: number;
}

/** Attested agents. Every write appends to the change log in the same transaction. */
export interface AgentStore {
  get(id: SpiffeId): Promise<AttestedAgent | undefined>;
  /** Those that are there, in no order. */
  getMany(ids: readonly SpiffeId[]): Promise<readonly AttestedAgent[]>;
  /**
   * Creates the agent, or replaces serial, expiry, selectors and reattestability and forgets a renewed SVID.
   *
   * @throws `ERR_AGENT_BANNED`: only its deletion lifts a ban
   */
  attest(attestation: Attestation): Promise<void>;
  /** Notes a renewed SVID, replacing one that was never used. @throws `ERR_AGENT_NOT_FOUND`, `ERR_AGENT_BANNED` */
  renew(id: SpiffeId, renewed: { serialNumber: string; expiresAt: Date }): Promise<void>;
  /** The renewed SVID with this serial was used: it becomes the current one. Another serial changes nothing. */
  promote(id: SpiffeId, serialNumber: string): Promise<void>;
  /** Empties the serials. @throws `ERR_AGENT_NOT_FOUND` */
  ban(id: SpiffeId): Promise<void>;
  /** Deletes the agent with its selectors and its join token's alias entry. @throws `ERR_AGENT_NOT_FOUND` */
  delete(id: SpiffeId): Promise<void>;
  /** @throws `ERR_AGENT_NOT_FOUND` */
  setVersion(id: SpiffeId, agentVersion: string): Promise<void>;
  /** Deletes up to `limit` agents that are not banned and whose SVIDs have all expired; answers their SPIFFE IDs. */
  pruneExpired(pruning: AgentsToPrune): Promise<readonly string[]>;
  list(filter: AgentFilter, page: PageRequest): Promise<Page<AttestedAgent>>;
  count(filter: AgentFilter): Promise<number>;
  all(): AsyncIterable<readonly AttestedAgent[]>;
}
