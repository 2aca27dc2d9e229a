// `debug getinfo`
import { defineCommand, encodeJson, exitCodes, renderDebugInfo } from '@credence/sdk/daemon';
import { debugApi } from '@credence/sdk/wire';
import type { GetInfoResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/debug/v1/GetInfoResponse.js';
import { adminFlags, answer, withServer } from '../admin-client.js';

export const command = defineCommand(adminFlags, (values, terminal) =>
  withServer(values, terminal, async (connect) => {
    const client = connect(debugApi);
    const info = await answer<GetInfoResponse__Output>((done) => client.GetInfo({}, done));
    terminal.out(values.output === 'json' ? `${encodeJson(info)}\n` : render(info));
    return exitCodes.done;
  }),
);

function render(info: GetInfoResponse__Output): string {
  const facts = {
    'Registered Agents': info.agents_count,
    'Registration Entries': info.entries_count,
    'Federated Bundles': info.federated_bundles_count,
  };
  return renderDebugInfo({ heading: 'Server Debug Info', width: 24, facts, info });
}
