// `api validate jwt`: whether the Workload API finds a token valid.
import { status } from '@grpc/grpc-js';
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
import { isServiceError, workloadApi } from '@credence/sdk/wire';
import type { Struct__Output } from '@credence/sdk/wire/gen/google/protobuf/Struct.js';
import type { Value__Output } from '@credence/sdk/wire/gen/google/protobuf/Value.js';
import type { ValidateJWTSVIDResponse__Output } from '@credence/sdk/wire/gen/ValidateJWTSVIDResponse.js';
import { callText, withAgent } from '../agent-client.js';
import { deadlineAfter, timeoutFlags, workloadMetadata } from './workload-call.js';

const flags = {
  ...socketFlags,
  ...outputFlags,
  ...timeoutFlags,
  audience: { kind: 'text', help: 'who the token must be for' },
  svid: { kind: 'text', metavar: 'token', help: 'the token, or - for standard input, which no process list shows' },
} as const;

export const command = defineCommand(flags, async (values, terminal) => {
  const audience = required('--audience', values.audience);
  const given = required('--svid', values.svid);
  const deadline = deadlineAfter(values.timeout);
  const svid = given === '-' ? (await terminal.readInput()).trim() : given;
  try {
    const { spiffe_id: id, claims } = await withAgent(workloadApi, { values, terminal }, (client) =>
      answer<ValidateJWTSVIDResponse__Output>((done) =>
        client.ValidateJWTSVID({ audience, svid }, workloadMetadata(), { deadline }, done),
      ),
    );
    const json = { spiffe_id: id, claims: claims === null ? null : structToJson(claims) };
    terminal.out(values.output === 'json' ? `${encodeJson(json)}\n` : render(id, encodeJson(json.claims)));
    return exitCodes.done;
  } catch (error) {
    const invalid = isServiceError(error) && error.code === status.INVALID_ARGUMENT;
    const text = invalid ? `SVID is not valid: ${error.details}` : `unable to validate JWT SVID: ${callText(error)}`;
    terminal.err(`${printable(text)}\n`);
    return exitCodes.failed;
  }
});

function required(flag: string, value: string | undefined): string {
  if (value !== undefined && value !== '') return value;
  throw usageError(`${flag} is required`);
}

function render(id: string, claims: string): string {
  return `SVID is valid.\nSPIFFE ID : ${printable(id)}\nClaims    : ${claims}\n`;
}

function structToJson({ fields }: Struct__Output): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, valueToJson(value)]));
}

function valueToJson(value: Value__Output): unknown {
  if (value.structValue !== undefined && value.structValue !== null) return structToJson(value.structValue);
  if (value.listValue !== undefined && value.listValue !== null) return value.listValue.values.map(valueToJson);
  return value.stringValue ?? value.numberValue ?? value.boolValue ?? null;
}
