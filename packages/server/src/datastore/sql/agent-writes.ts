// Writing attested agents within a transaction.
import type { Updateable } from 'kysely';
import { SpiffeId } from '@credence/sdk/spiffeid';
import type { Attestation } from '../../domain/attested-agent.js';
import { serverError } from '../../domain/errors.js';
import { selectorKey } from '../../domain/selector.js';
import type { AgentsToPrune } from '../agent-store.js';
import { appendChanges } from './changes.js';
import { noteDeleted } from './entry-writes.js';
import type { AgentTable } from './schema.js';
import { encodeSelectors } from './selectors.js';
import type { Write } from './session.js';

/** @throws `ERR_AGENT_BANNED`: within the transaction, so that no attestation that is under way lifts a ban */
export async function attestAgent(trx: Write, attestation: Attestation, now: Date): Promise<void> {
  const id = attestation.id.toString();
  const selectors = [...new Map(attestation.selectors.map((selector) => [selectorKey(selector), selector])).values()];
  const current = {
    serial_number: attestation.serialNumber,
    expires_at: attestation.expiresAt.getTime(),
    renewed_serial_number: null,
    renewed_expires_at: null,
    can_reattest: Number(attestation.canReattest),
    selectors: encodeSelectors(selectors),
  };
  const row = await trx
    .insertInto('agents')
    .values({ id, attestation_type: attestation.attestationType, agent_version: '', ...current })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(current).where('agents.serial_number', '<>', ''))
    .returning('row_id')
    .executeTakeFirst();
  if (row === undefined) throw banned(id);
  await trx.deleteFrom('agent_selectors').where('owner', '=', row.row_id).execute();
  const members = selectors.map((selector) => ({ owner: row.row_id, member: selectorKey(selector) }));
  if (members.length > 0) await trx.insertInto('agent_selectors').values(members).execute();
  await appendChanges(trx, 'agent', [id], now);
}

export interface AgentChange {
  readonly change: Updateable<AgentTable>;
  /** Refuses a banned agent. */
  readonly unbanned?: true;
}

/** @throws `ERR_AGENT_NOT_FOUND`, `ERR_AGENT_BANNED` */
export async function changeAgent(
  trx: Write,
  spiffeId: SpiffeId,
  { change, unbanned }: AgentChange,
  now: Date,
): Promise<void> {
  const id = spiffeId.toString();
  const row = await trx.selectFrom('agents').select('serial_number').where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw notFound(id);
  if (unbanned === true && row.serial_number === '') throw banned(id);
  await trx.updateTable('agents').set(change).where('id', '=', id).execute();
  await appendChanges(trx, 'agent', [id], now);
}

/** Makes the renewed SVID the current one, if it has this serial. A ban has already forgotten it. */
export async function promoteAgent(trx: Write, spiffeId: SpiffeId, serialNumber: string, now: Date): Promise<void> {
  const id = spiffeId.toString();
  const promoted = await trx
    .updateTable('agents')
    .set((eb) => ({
      serial_number: serialNumber,
      expires_at: eb.fn.coalesce('renewed_expires_at', 'expires_at'),
      renewed_serial_number: null,
      renewed_expires_at: null,
    }))
    .where('id', '=', id)
    .where('renewed_serial_number', '=', serialNumber)
    .returning('row_id')
    .execute();
  if (promoted.length > 0) await appendChanges(trx, 'agent', [id], now);
}

/** Nothing that the agent was entitled to by its join token outlives it. @throws `ERR_AGENT_NOT_FOUND` */
export async function deleteAgent(trx: Write, spiffeId: SpiffeId, now: Date): Promise<void> {
  const id = spiffeId.toString();
  const agent = await trx.deleteFrom('agents').where('id', '=', id).returning('attestation_type').executeTakeFirst();
  if (agent === undefined) throw notFound(id);
  await appendChanges(trx, 'agent', [id], now);
  if (agent.attestation_type !== 'join_token') return;
  const aliases = await trx
    .deleteFrom('entries')
    .where('parent_id', '=', id)
    .where('selectors', '=', encodeSelectors([{ type: 'spiffe_id', value: id }]))
    .returning(['id', 'created_at'])
    .execute();
  await noteDeleted(trx, aliases, now);
}

/** A banned agent stays: its row is the ban. */
export async function pruneAgents(
  trx: Write,
  { expiredBefore, includeTofu, limit }: AgentsToPrune,
  now: Date,
): Promise<readonly string[]> {
  const before = expiredBefore.getTime();
  const rows = await trx
    .selectFrom('agents')
    .select('id')
    .where('serial_number', '<>', '')
    .where('expires_at', '<', before)
    .where((eb) => eb.or([eb('renewed_expires_at', 'is', null), eb('renewed_expires_at', '<', before)]))
    .$if(!includeTofu, (query) => query.where('can_reattest', '=', 1))
    .orderBy('row_id')
    .limit(limit)
    .execute();
  for (const { id } of rows) await deleteAgent(trx, SpiffeId.parse(id), now);
  return rows.map(({ id }) => id);
}

function notFound(id: string): Error {
  return serverError('ERR_AGENT_NOT_FOUND', `no attested agent has the SPIFFE ID ${id}`);
}

function banned(id: string): Error {
  return serverError('ERR_AGENT_BANNED', `agent ${id} is banned`);
}
