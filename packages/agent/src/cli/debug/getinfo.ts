// `debug getinfo`
import { answer, defineCommand, encodeJson, exitCodes, renderDebugInfo, isoInstant } from '@credence/sdk/daemon';
import { agentDebugApi } from '@credence/sdk/wire';
import type { GetInfoResponse__Output } from '@credence/sdk/wire/gen/spire/agent/debug/v1/GetInfoResponse.js';
import { adminFlags, withAgentAdmin } from '../admin-client.js';

export const command = defineCommand(adminFlags, (values, terminal) =>
  withAgentAdmin(agentDebugApi, { values, terminal }, async (client) => {
    const info = await answer<GetInfoResponse__Output>((done) => client.GetInfo({}, done));
    terminal.out(values.output === 'json' ? `${encodeJson(info)}\n` : render(info));
    return exitCodes.done;
  }),
);

function render(info: GetInfoResponse__Output): string {
  const facts = {
    'Last Sync Success': info.last_sync_success === '0' ? '(never)' : isoInstant(info.last_sync_success),
    'Cached X.509 SVIDs': info.cached_x509_svids_count,
    'Cached JWT SVIDs': info.cached_jwt_svids_count,
    'Cached SVID Store X.509 SVIDs': info.cached_svidstore_x509_svids_count,
  };
  return renderDebugInfo({ heading: 'Agent Debug Info', width: 32, facts, info });
}
