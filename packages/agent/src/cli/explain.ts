// `explain`: why a process has the identities that it has, or has none.
import { answer, defineCommand, encodeJson, exitCodes, usageError } from '@credence/sdk/daemon';
import { agentExplainApi } from '@credence/sdk/wire';
import type { ExplainWorkloadResponse__Output } from '@credence/sdk/wire/gen/credence/agent/v1/ExplainWorkloadResponse.js';
import { adminFlags, withAgentAdmin } from './admin-client.js';
import { renderExplanation } from './render-explanation.js';

const shown = 10;

const flags = {
  ...adminFlags,
  pid: { kind: 'integer', operand: true, help: 'number of the process' },
  all: { kind: 'boolean', default: false, help: `show all entries that do not match, not only ${shown}` },
} as const;

// int32 of the wire.
const largestPid = 2 ** 31 - 1;

export const command = defineCommand(flags, async (values, terminal) => {
  const { pid } = values;
  if (pid === undefined) throw usageError('--pid is required; the number of a process is accepted');
  if (pid < 1 || pid > largestPid) throw usageError(`--pid is ${pid}; the number of a process is accepted`);
  const request = { pid, limit: values.all ? 0 : shown };
  const explanation = await withAgentAdmin(agentExplainApi, { values, terminal }, (client) =>
    answer<ExplainWorkloadResponse__Output>((done) => client.ExplainWorkload(request, done)),
  );
  terminal.out(values.output === 'json' ? `${encodeJson(explanation)}\n` : renderExplanation(explanation, pid));
  return exitCodes.done;
});
