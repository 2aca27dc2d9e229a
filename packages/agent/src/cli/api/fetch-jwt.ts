// `api fetch jwt`: JWT-SVIDs for the identities of this process, and the bundles that verify them.
import {
  answer,
  defineCommand,
  encodeJson,
  exitCodes,
  outputFlags,
  printable,
  socketFlags,
  usageError,
} from '@credence/sdk/daemon';
import { workloadApi } from '@credence/sdk/wire';
import type { JWTBundlesResponse__Output } from '@credence/sdk/wire/gen/JWTBundlesResponse.js';
import type { JWTSVIDResponse__Output } from '@credence/sdk/wire/gen/JWTSVIDResponse.js';
import type { SpiffeWorkloadAPIClient } from '@credence/sdk/wire/gen/SpiffeWorkloadAPI.js';
import { callText, withAgent } from '../agent-client.js';
import { deadlineAfter, timeoutFlags, workloadMetadata } from './workload-call.js';

const flags = {
  ...socketFlags,
  ...outputFlags,
  ...timeoutFlags,
  audience: { kind: 'list', help: 'who the token is for; several are separated by commas' },
  spiffeId: { kind: 'text', spire: 'spiffeID', metavar: 'SPIFFE ID', help: 'only the token of this identity' },
  // SPIRE's older name of --output.
  format: { kind: 'choice', choices: outputFlags.output.choices, help: 'the same as --output' },
} as const;

export const command = defineCommand(flags, async (values, terminal) => {
  const audience = values.audience.flatMap((list) => list.split(',')).filter((one) => one !== '');
  if (audience.length === 0) throw usageError('--audience is required; https://api.example.org is accepted');
  const request = { audience, spiffe_id: values.spiffeId ?? '' };
  const deadline = deadlineAfter(values.timeout);
  try {
    const { bundles, svids } = await withAgent(workloadApi, { values, terminal }, async (client) => ({
      bundles: await firstBundles(client, deadline),
      svids: await answer<JWTSVIDResponse__Output>((done) =>
        client.FetchJWTSVID(request, workloadMetadata(), { deadline }, done),
      ),
    }));
    const json = (values.format ?? values.output) === 'json';
    terminal.out(json ? `${encodeJson([svids, bundles])}\n` : render(svids, bundles));
    return exitCodes.done;
  } catch (error) {
    terminal.err(`${callText(error)}\n`);
    return exitCodes.failed;
  }
});

async function firstBundles(client: SpiffeWorkloadAPIClient, deadline: Date): Promise<JWTBundlesResponse__Output> {
  const call = client.FetchJWTBundles({}, workloadMetadata(), { deadline });
  try {
    for await (const response of call) return response as JWTBundlesResponse__Output;
    throw new Error('the agent ended the stream without an answer');
  } finally {
    call.cancel();
  }
}

function render({ svids }: JWTSVIDResponse__Output, { bundles }: JWTBundlesResponse__Output): string {
  const tokens = svids.map(({ spiffe_id: id, svid, hint }) => {
    const named = hint === '' ? '' : item(`hint(${id})`, hint);
    return `${item(`token(${id})`, svid)}${named}`;
  });
  const sets = Object.entries(bundles)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, jwks]) => item(`bundle(${id})`, jwks.toString()));
  return [...tokens, ...sets].join('');
}

function item(name: string, value: string): string {
  return `${printable(name)}:\n\t${printable(value)}\n`;
}
