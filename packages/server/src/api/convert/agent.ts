// Attested agents and filters over them, wire ⇄ domain.
import type { Agent } from '@credence/sdk/wire/gen/spire/api/types/Agent.js';
import type { AgentMask__Output } from '@credence/sdk/wire/gen/spire/api/types/AgentMask.js';
import type { _spire_api_server_agent_v1_ListAgentsRequest_Filter__Output as WireFilter } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/ListAgentsRequest.js';
import { isBanned, type AgentFilter, type AttestedAgent } from '../../domain/attested-agent.js';
import { serverError } from '../../domain/errors.js';
import { describe } from '../interceptors/errors.js';
import { applyMask } from './mask.js';
import { decodeSelectorMatch } from './selector.js';
import { encodeSpiffeId } from './spiffe-id.js';
import { encodeSeconds } from './time.js';

export function encodeAgent(agent: AttestedAgent, mask: AgentMask__Output | null): Agent {
  const whole: Agent = {
    id: encodeSpiffeId(agent.id),
    attestation_type: agent.attestationType,
    x509svid_serial_number: agent.serialNumber,
    x509svid_expires_at: encodeSeconds(agent.expiresAt),
    selectors: agent.selectors.map(({ type, value }) => ({ type, value })),
    banned: isBanned(agent),
    can_reattest: agent.canReattest,
    agent_version: agent.agentVersion,
  };
  return applyMask(whole, mask, ['id']);
}

/** @throws StatusError INVALID_ARGUMENT `failed to parse selectors: …`; `ERR_INVALID_ARGUMENT` */
export function decodeAgentFilter(wire: WireFilter | null): AgentFilter {
  if (wire === null) return {};
  const expiresBefore = decodeGoTime(wire.by_expires_before);
  return {
    ...(wire.by_attestation_type === '' ? {} : { attestationType: wire.by_attestation_type }),
    ...(wire.by_selector_match === null ? {} : { selectors: selectorsOf(wire.by_selector_match) }),
    ...(wire.by_banned === null ? {} : { banned: wire.by_banned.value }),
    ...(wire.by_can_reattest === null ? {} : { canReattest: wire.by_can_reattest.value }),
    ...(expiresBefore === undefined ? {} : { expiresBefore }),
  };
}

function selectorsOf(wire: Parameters<typeof decodeSelectorMatch>[0]): ReturnType<typeof decodeSelectorMatch> {
  try {
    return decodeSelectorMatch(wire);
  } catch (error) {
    throw describe('failed to parse selectors', error);
  }
}

const goTime = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d) [+-]\d\d(?:\d\d)?$/;

/** Reads the layout `2006-01-02 15:04:05 -0700 -07`; empty is no filter. */
function decodeGoTime(text: string): Date | undefined {
  if (text === '') return undefined;
  const [, date, time, hours, minutes] = goTime.exec(text) ?? [];
  const instant = new Date(`${String(date)}T${String(time)}${String(hours)}:${String(minutes)}`);
  if (!Number.isNaN(instant.getTime())) return instant;
  const shown = JSON.stringify(text.slice(0, 60));
  throw serverError('ERR_INVALID_ARGUMENT', `by_expires_before ${shown}: expected "2006-01-02 15:04:05 -0700 -07"`);
}
