// `debug getinfo`
import { defineCommand, encodeJson, exitCodes, printable } from '@credence/sdk/daemon';
import { debugApi } from '@credence/sdk/wire';
import type { GetInfoResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/debug/v1/GetInfoResponse.js';
import { adminFlags, answer, withServer } from '../admin-client.js';
import { renderId } from '../render.js';

export const command = defineCommand(adminFlags, (values, terminal) =>
  withServer(values, terminal, async (connect) => {
    const client = connect(debugApi);
    const info = await answer<GetInfoResponse__Output>((done) => client.GetInfo({}, done));
    terminal.out(values.output === 'json' ? `${encodeJson(info)}\n` : renderInfo(info));
    return exitCodes.done;
  }),
);

function renderInfo(info: GetInfoResponse__Output): string {
  const facts = [
    ['Uptime', renderSpan(info.uptime)],
    ['Registered Agents', info.agents_count],
    ['Registration Entries', info.entries_count],
    ['Federated Bundles', info.federated_bundles_count],
  ].map(([label, value]) => `  ${`${String(label)}:`.padEnd(24)} ${String(value)}\n`);
  const chain = info.svid_chain.map(({ id, subject, expires_at: expiresAt }, index) =>
    [
      `    [${String(index)}] SPIFFE ID:  ${id === null ? '' : printable(renderId(id))}\n`,
      `        Subject:    ${printable(subject)}\n`,
      `        Expires At: ${new Date(Number(expiresAt) * 1000).toISOString().replace('.000Z', 'Z')}\n`,
    ].join(''),
  );
  return ['Server Debug Info:\n', ...facts, '  SVID Chain:\n', ...chain].join('');
}

/** `2s`, `1m0s`, `26h0m5s` */
function renderSpan(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const first = parts.findIndex((part) => part > 0);
  return parts
    .flatMap((part, index) => (index >= first && (first !== -1 || index === 2) ? [`${part}${'hms'[index] ?? ''}`] : []))
    .join('');
}
