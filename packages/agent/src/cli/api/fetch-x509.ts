// `api fetch x509`: the X.509-SVIDs that this process is entitled to.
import { resolve } from 'node:path';
import { defineCommand, encodeJson, exitCodes, outputFlags, socketFlags } from '@credence/sdk/daemon';
import { workloadApi } from '@credence/sdk/wire';
import type { SpiffeWorkloadAPIClient } from '@credence/sdk/wire/gen/SpiffeWorkloadAPI.js';
import type { X509SVIDResponse__Output } from '@credence/sdk/wire/gen/X509SVIDResponse.js';
import { callText, withAgent } from '../agent-client.js';
import { deadlineAfter, timeoutFlags } from './workload-call.js';
import { writeX509 } from './write-x509.js';
import { parseX509Response, renderX509 } from './x509-response.js';
import { fetchX509 } from './x509-stream.js';

const flags = {
  ...socketFlags,
  ...outputFlags,
  ...timeoutFlags,
  silent: { kind: 'boolean', default: false, help: 'print nothing' },
  write: { kind: 'text', metavar: 'directory', help: 'write certificates, keys and bundles there' },
} as const;

export const command = defineCommand(flags, async (values, terminal) => {
  const deadline = deadlineAfter(values.timeout);
  const started = performance.now();
  let response: X509SVIDResponse__Output;
  try {
    response = await withAgent(workloadApi, { values, terminal }, (client) => fetchFirst(client, deadline));
  } catch (error) {
    terminal.err(`${callText(error)}\n`);
    return exitCodes.failed;
  }
  const elapsedMs = performance.now() - started;
  if (values.output === 'json') {
    terminal.out(`${encodeJson(response)}\n`);
    return exitCodes.done;
  }
  const fetched = parseX509Response(response, ({ message }) => {
    terminal.err(`Warning: ${message}\n`);
  });
  const say = (text: string): void => {
    if (!values.silent) terminal.out(text);
  };
  say(renderX509(fetched, elapsedMs));
  if (values.write !== undefined)
    await writeX509(fetched, resolve(values.write), (line) => {
      say(`${line}\n`);
    });
  return exitCodes.done;
});

async function fetchFirst(client: SpiffeWorkloadAPIClient, deadline: Date): Promise<X509SVIDResponse__Output> {
  for await (const response of fetchX509(client, { deadline })) return response;
  throw new Error('the agent ended the stream without an answer');
}
