// `entry explain`: which entries a workload gets on an agent, and what keeps it from getting the others.
import { defineCommand, encodeJson, exitCodes, usageError } from '@credence/sdk/daemon';
import { explainApi } from '@credence/sdk/wire';
import type { ExplainEntriesResponse__Output } from '@credence/sdk/wire/gen/credence/server/v1/ExplainEntriesResponse.js';
import type { SPIFFEID } from '@credence/sdk/wire/gen/spire/api/types/SPIFFEID.js';
import { adminFlags, answer, failing, withServer } from '../admin-client.js';
import { renderId } from '../render.js';
import { parseSelector, requiredId } from '../values.js';
import { entryFlags } from './flags.js';
import { renderExplanation } from './render-explanation.js';

const shown = 10;

const flags = {
  ...adminFlags,
  agent: { kind: 'text', metavar: 'SPIFFE ID', help: "the agent's own SPIFFE ID, as agent list shows it" },
  selector: entryFlags.selector,
  all: { kind: 'boolean', default: false, help: `show all entries that do not match, not only ${shown}` },
} as const;

// Entries name an agent by its alias, too, which several agents may have.
function requiredAgentId(text: string | undefined): Required<SPIFFEID> {
  const id = requiredId('--agent', text);
  if (id.path.startsWith('/spire/agent/')) return id;
  throw usageError(
    `--agent is ${renderId(id)}; the agent's own ID is accepted, as "credence-server agent list" shows it`,
  );
}

export const command = defineCommand(flags, async (values, terminal) => {
  const agentId = requiredAgentId(values.agent);
  const selectors = values.selector.map((text) => parseSelector('--selector', text));
  if (selectors.length === 0) throw usageError('--selector is required; unix:uid:1000 is accepted, and several');
  const request = { agent_id: agentId, selectors, limit: values.all ? 0 : shown };
  const explanation = await withServer(values, terminal, (connect) => {
    const client = connect(explainApi, { 'grpc.max_receive_message_length': -1 });
    return failing('Error explaining entries', () =>
      answer<ExplainEntriesResponse__Output>((done) => client.ExplainEntries(request, done)),
    );
  });
  terminal.out(
    values.output === 'json' ? `${encodeJson(explanation)}\n` : renderExplanation(explanation, renderId(agentId)),
  );
  return exitCodes.done;
});
