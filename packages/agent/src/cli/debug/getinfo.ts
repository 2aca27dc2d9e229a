// `debug getinfo`
import { defineCommand, encodeJson, exitCodes, printable } from '@credence/sdk/daemon';
import { agentDebugApi } from '@credence/sdk/wire';
import type {
  _spire_agent_debug_v1_GetInfoResponse_Cert__Output as Cert,
  GetInfoResponse__Output,
} from '@credence/sdk/wire/gen/spire/agent/debug/v1/GetInfoResponse.js';
import { adminFlags, withAgentAdmin } from '../admin-client.js';
import { answer } from '../api/workload-call.js';

export const command = defineCommand(adminFlags, (values, terminal) =>
  withAgentAdmin(agentDebugApi, { values, terminal }, async (client) => {
    const info = await answer<GetInfoResponse__Output>((done) => client.GetInfo({}, done));
    terminal.out(values.output === 'json' ? `${encodeJson(info)}\n` : renderInfo(info));
    return exitCodes.done;
  }),
);

function renderInfo(info: GetInfoResponse__Output): string {
  const facts = [
    ['Uptime', renderSpan(info.uptime)],
    ['Last Sync Success', info.last_sync_success === '0' ? '(never)' : renderInstant(info.last_sync_success)],
    ['Cached X.509 SVIDs', info.cached_x509_svids_count],
    ['Cached JWT SVIDs', info.cached_jwt_svids_count],
    ['Cached SVID Store X.509 SVIDs', info.cached_svidstore_x509_svids_count],
  ].map(([label, value]) => `  ${`${String(label)}:`.padEnd(32)} ${String(value)}\n`);
  return ['Agent Debug Info:\n', ...facts, '  SVID Chain:\n', ...info.svid_chain.map(renderCertificate)].join('');
}

function renderCertificate({ id, subject, expires_at: expiresAt }: Cert, index: number): string {
  return [
    `    [${index}] SPIFFE ID:  ${id === null ? '' : printable(`spiffe://${id.trust_domain}${id.path}`)}\n`,
    `        Subject:    ${printable(subject)}\n`,
    `        Expires At: ${renderInstant(expiresAt)}\n`,
  ].join('');
}

function renderInstant(seconds: string): string {
  return new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z');
}

/** `2s`, `1m0s`, `26h0m5s` */
function renderSpan(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const first = parts.findIndex((part) => part > 0);
  return parts
    .flatMap((part, index) => (index >= first && (first !== -1 || index === 2) ? [`${part}${'hms'[index] ?? ''}`] : []))
    .join('');
}
