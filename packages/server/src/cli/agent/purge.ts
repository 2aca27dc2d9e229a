// `agent purge`: evicts agents that could attest again and have not for long.
import { defineCommand, encodeJson, errorText, exitCodes, printable, usageError } from '@credence/sdk/daemon';
import { parseDuration, systemClock } from '@credence/sdk/runtime';
import { agentApi } from '@credence/sdk/wire';
import type { AgentClient } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/Agent.js';
import type { Empty__Output } from '@credence/sdk/wire/gen/google/protobuf/Empty.js';
import type { Agent__Output } from '@credence/sdk/wire/gen/spire/api/types/Agent.js';
import { adminFlags, answer, withServer } from '../admin-client.js';
import { counted } from '../render.js';
import { listAgents } from './list.js';

const flags = {
  ...adminFlags,
  expiredFor: {
    kind: 'text',
    metavar: 'duration',
    default: '720h',
    help: 'how long ago the X.509-SVIDs of the agents have expired',
  },
  dryRun: { kind: 'boolean', default: false, help: 'only show which agents would be evicted' },
} as const;

interface Expired {
  readonly agent_id: string;
  readonly deleted: boolean;
  readonly error?: string;
}

export const command = defineCommand(flags, async (values, terminal) => {
  const before = systemClock.now().getTime() - milliseconds(values.expiredFor);
  const expired = await withServer(values, terminal, async (connect) => {
    const client = connect(agentApi);
    const agents = await listAgents(client, { by_can_reattest: { value: true } });
    const found = agents.filter(({ x509svid_expires_at: seconds }) => Number(seconds) * 1000 < before);
    const results: Expired[] = [];
    for (const agent of found) results.push(await purge(client, agent, values.dryRun));
    return results;
  });
  terminal.out(
    values.output === 'json' ? `${encodeJson({ expired_agents: expired })}\n` : render(expired, values.dryRun),
  );
  return expired.some(({ error }) => error !== undefined) ? exitCodes.failed : exitCodes.done;
});

function milliseconds(text: string): number {
  const duration = parseDuration(text);
  if (duration !== undefined) return duration;
  throw usageError(`--expired-for is "${text}"; a duration such as 720h is accepted`);
}

async function purge(client: AgentClient, { id }: Agent__Output, dryRun: boolean): Promise<Expired> {
  const agent_id = `spiffe://${id?.trust_domain ?? ''}${id?.path ?? ''}`;
  if (dryRun) return { agent_id, deleted: false };
  try {
    await answer<Empty__Output>((done) => client.DeleteAgent({ id }, done));
    return { agent_id, deleted: true };
  } catch (error) {
    return { agent_id, deleted: false, error: errorText(error) };
  }
}

function render(expired: readonly Expired[], dryRun: boolean): string {
  if (expired.length === 0) return 'No agents to purge.\n';
  const head = `Found ${counted(expired.length, 'expired agent', 'expired agents')}\n\n`;
  if (dryRun) return `${head}\nAgents that can be purged:\n${expired.map(line).join('')}`;
  const purged = expired.filter(({ deleted }) => deleted);
  const kept = expired.filter(({ deleted }) => !deleted);
  return [
    head,
    purged.length === 0 ? '' : `Agents purged:\n${purged.map(line).join('')}`,
    kept.length === 0 ? '' : `\nAgents not purged:\n${kept.map((agent) => line(agent) + errorLine(agent)).join('')}`,
  ].join('');
}

function line({ agent_id: id }: Expired): string {
  return `SPIFFE ID         : ${printable(id)}\n`;
}

function errorLine({ error = '' }: Expired): string {
  return `Error             : ${printable(error)}\n`;
}
