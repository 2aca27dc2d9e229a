// AgentStore over SQL.
import type { Expression, ExpressionBuilder, Kysely, SqlBool } from 'kysely';
import type { SpiffeId } from '@credence/sdk';
import type { Clock } from '@credence/sdk/runtime';
import type { AgentFilter, Attestation, AttestedAgent } from '../../domain/attested-agent.js';
import { selectorKey } from '../../domain/selector.js';
import type { AgentStore } from '../agent-store.js';
import type { Page, PageRequest } from '../page.js';
import { decodeAgent, type AgentRow } from './agent-row.js';
import { attestAgent, changeAgent, deleteAgent, promoteAgent } from './agent-writes.js';
import { readBatches, readPage, type ReadRows } from './paging.js';
import type { Schema } from './schema.js';
import type { SqlSession } from './session.js';
import { setMatches } from './set-match.js';
import type { SqlStoreOptions } from './sql-entry-store.js';

type Condition = (eb: ExpressionBuilder<Schema, 'agents'>) => Expression<SqlBool>;

const idsPerStatement = 500;

export class SqlAgentStore implements AgentStore {
  readonly #session: SqlSession;
  readonly #clock: Clock;

  constructor({ session, clock }: SqlStoreOptions) {
    this.#session = session;
    this.#clock = clock;
  }

  async get(id: SpiffeId): Promise<AttestedAgent | undefined> {
    const [agent] = await this.getMany([id]);
    return agent;
  }

  getMany(ids: readonly SpiffeId[]): Promise<readonly AttestedAgent[]> {
    return this.#session.read(async (db) => {
      const agents: AttestedAgent[] = [];
      for (let start = 0; start < ids.length; start += idsPerStatement) {
        const some = ids.slice(start, start + idsPerStatement).map(String);
        const rows = await db.selectFrom('agents').selectAll().where('id', 'in', some).execute();
        agents.push(...rows.map(decodeAgent));
      }
      return agents;
    });
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

  list(filter: AgentFilter, page: PageRequest): Promise<Page<AttestedAgent>> {
    return this.#session.read((db) => readPage(page, rowsOf(db, filter), decodeAgent));
  }

  count(filter: AgentFilter): Promise<number> {
    return this.#session.read(async (db) => {
      const { count } = await db
        .selectFrom('agents')
        .select(db.fn.countAll().as('count'))
        .where(matches(filter))
        .executeTakeFirstOrThrow();
      return Number(count);
    });
  }

  async *all(): AsyncGenerator<readonly AttestedAgent[], void, undefined> {
    const read: ReadRows<AgentRow> = (after, limit) => this.#session.read((db) => rowsOf(db, {})(after, limit));
    for await (const rows of readBatches(read)) yield rows.map(decodeAgent);
  }
}

function rowsOf(db: Kysely<Schema>, filter: AgentFilter): ReadRows<AgentRow> {
  return (after, limit) =>
    db
      .selectFrom('agents')
      .selectAll()
      .where('row_id', '>', after)
      .where(matches(filter))
      .orderBy('row_id')
      .limit(limit)
      .execute();
}

function matches({ attestationType, selectors, banned, canReattest, expiresBefore }: AgentFilter): Condition {
  return (eb) => {
    const conditions: Expression<SqlBool>[] = [];
    if (attestationType !== undefined) conditions.push(eb('attestation_type', '=', attestationType));
    if (banned !== undefined) conditions.push(eb('serial_number', banned ? '=' : '<>', ''));
    if (canReattest !== undefined) conditions.push(eb('can_reattest', '=', Number(canReattest)));
    if (expiresBefore !== undefined) conditions.push(eb('expires_at', '<', expiresBefore.getTime()));
    if (selectors !== undefined) {
      const members = selectors.selectors.map(selectorKey);
      conditions.push(
        setMatches({ rowId: 'agents.row_id', table: 'agent_selectors', match: selectors.match, members }),
      );
    }
    return eb.and(conditions);
  };
}
