// An attested agent ⇄ its row.
import type { Selectable } from 'kysely';
import { SpiffeId } from '@credence/sdk/spiffeid';
import type { AttestedAgent } from '../../domain/attested-agent.js';
import type { AgentTable } from './schema.js';
import { decodeSelectors } from './selectors.js';

export type AgentRow = Selectable<AgentTable>;

export function decodeAgent(row: AgentRow): AttestedAgent {
  return {
    id: SpiffeId.parse(row.id),
    attestationType: row.attestation_type,
    serialNumber: row.serial_number,
    expiresAt: new Date(row.expires_at),
    renewed: decodeRenewed(row),
    canReattest: row.can_reattest !== 0,
    agentVersion: row.agent_version,
    selectors: decodeSelectors(row.selectors),
  };
}

function decodeRenewed({
  renewed_serial_number: serialNumber,
  renewed_expires_at: at,
}: AgentRow): AttestedAgent['renewed'] {
  return serialNumber === null || at === null ? undefined : { serialNumber, expiresAt: new Date(at) };
}
