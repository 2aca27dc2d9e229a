// AgentStore over SQL.
import type { Expression, SqlBool } from 'kysely';
import type { SpiffeId } from '@credence/sdk';
import type { Clock } from '@credence/sdk/runtime';
import type { AgentFilter, Attestation, AttestedAgent } from '../../domain/attested-agent.js';
import { selectorKey } from '../../domain/selector.js';
import type { AgentsToPrune, AgentStore } from '../agent-store.js';
import type { Page, PageRequest } from '../page.js';
import { decodeAgent } from './agent-row.js';
import { attestAgent, changeAgent, deleteAgent, promoteAgent, pruneAgents } from './agent-writes.js';
import { expressionBuilder } from './kysely.js';
import type { Schema } from './schema.js';
import type { SqlSession } from './session.js';
import { setMatches } from './set-match.js';
import { SqlRows } from './sql-rows.js';
import type { SqlStoreOptions } from './sql-entry-store.js';

export class SqlAgentStore implements AgentStore {
  readonly #session: SqlSession;
  readonly #clock: Clock;
  readonly #rows: SqlRows<'agents', AgentFilter, AttestedAgent>;

  constructor({ session, clock }: SqlStoreOptions) {
    this.#session = session;
    this.#clock = clock;
    this.#rows = new SqlRows({ session, table: 'agents', matches, decode: decodeAgent });
  }

  async get(id: SpiffeId): Promise<AttestedAgent | undefined> {
    const [agent] = await this.getMany([id]);
    return agent;
  }

  getMany(ids: readonly SpiffeId[]): Promise<readonly AttestedAgent[]> {
    return this.#rows.getMany(ids.map(String));
  }

  attest(attestation: Attestation): Promise<void> {
    return this.#session.write((trx) => attestAgent(trx, attestation, this.#clock.now()));
  }

  renew(id: SpiffeId, { serialNumber, expiresAt }: { serialNumber: string; expiresAt: Date }): Promise<void> {
    const renewed = { renewed_serial_number: serialNumber, renewed_expires_at: expiresAt.getTime() };
    return this.#session.write((trx) => changeAgent(trx, id, { change: renewed, unbanned: true }, this.#clock.now()));
  }

  promote(id: SpiffeId, serialNumber: string): Promise<void> {
    return this.#session.write((trx) => promoteAgent(trx, id, serialNumber, this.#clock.now()));
  }

  ban(id: SpiffeId): Promise<void> {
    const banned = { serial_number: '', renewed_serial_number: null, renewed_expires_at: null };
    return this.#session.write((trx) => changeAgent(trx, id, { change: banned }, this.#clock.now()));
  }

  delete(id: SpiffeId): Promise<void> {
    return this.#session.write((trx) => deleteAgent(trx, id, this.#clock.now()));
  }

  setVersion(id: SpiffeId, agentVersion: string): Promise<void> {
    const change = { agent_version: agentVersion };
    return this.#session.write((trx) => changeAgent(trx, id, { change }, this.#clock.now()));
  }

  pruneExpired(pruning: AgentsToPrune): Promise<readonly string[]> {
    return this.#session.write((trx) => pruneAgents(trx, pruning, this.#clock.now()));
  }

  list(filter: AgentFilter, page: PageRequest): Promise<Page<AttestedAgent>> {
    return this.#rows.list(filter, page);
  }

  count(filter: AgentFilter): Promise<number> {
    return this.#rows.count(filter);
  }

  all(): AsyncGenerator<readonly AttestedAgent[], void, undefined> {
    return this.#rows.all();
  }
}

function matches({ attestationType, selectors, banned, canReattest, expiresBefore }: AgentFilter): Expression<SqlBool> {
  const eb = expressionBuilder<Schema, 'agents'>();
  const conditions: Expression<SqlBool>[] = [];
  if (attestationType !== undefined) conditions.push(eb('attestation_type', '=', attestationType));
  if (banned !== undefined) conditions.push(eb('serial_number', banned ? '=' : '<>', ''));
  if (canReattest !== undefined) conditions.push(eb('can_reattest', '=', Number(canReattest)));
  if (expiresBefore !== undefined) conditions.push(eb('expires_at', '<', expiresBefore.getTime()));
  if (selectors !== undefined) {
    const members = selectors.selectors.map(selectorKey);
    conditions.push(setMatches({ rowId: 'agents.row_id', table: 'agent_selectors', match: selectors.match, members }));
  }
  return eb.and(conditions);
}
