// What people read: entries and agents as blocks of labelled lines.
import { printable } from '@credence/sdk/daemon';
import type { Agent } from '@credence/sdk/wire/gen/spire/api/types/Agent.js';
import type { Entry } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import type { SPIFFEID } from '@credence/sdk/wire/gen/spire/api/types/SPIFFEID.js';

/** `spiffe://…` of an ID of the wire. */
export function renderId(id: SPIFFEID | null | undefined): string {
  return `spiffe://${id?.trust_domain ?? ''}${id?.path ?? ''}`;
}

/** An instant, given in seconds, as `2019-03-12 17:17:46 +0000 UTC`. */
export function renderInstant(seconds: string | number): string {
  const instant = new Date(Number(seconds) * 1000);
  return `${instant.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}

/** One entry, with the empty line that ends it. */
export function renderEntry(entry: Entry): string {
  const attributes = entry.additional_attributes;
  return block(24, [
    ['Entry ID', entry.id === undefined || entry.id === '' ? '(none)' : entry.id],
    ['SPIFFE ID', renderId(entry.spiffe_id)],
    ['Parent ID', renderId(entry.parent_id)],
    ['Revision', String(entry.revision_number ?? 0)],
    ['Downstream', whenTrue(entry.downstream)],
    ['X509-SVID TTL', renderTtl(entry.x509_svid_ttl)],
    ['JWT-SVID TTL', renderTtl(entry.jwt_svid_ttl)],
    ['Expiration time', renderExpiry(String(entry.expires_at ?? 0))],
    ...(entry.selectors ?? []).map(({ type, value }): Line => ['Selector', `${type ?? ''}:${value ?? ''}`]),
    ...(entry.federates_with ?? []).map((name): Line => ['FederatesWith', name]),
    ...(entry.dns_names ?? []).map((name): Line => ['DNS name', name]),
    ['Admin', whenTrue(entry.admin)],
    ['StoreSvid', whenTrue(entry.store_svid)],
    ['Hint', entry.hint === '' ? undefined : entry.hint],
    ['DisableX509SvidPrefetch', whenTrue(attributes?.disable_x509_svid_prefetch)],
    ['JwtSvidIncludeJti', whenTrue(attributes?.jwt_svid_include_jti)],
  ]).concat('\n');
}

/** One agent, without an empty line. */
export function renderAgent(agent: Agent): string {
  return block(18, [
    ['SPIFFE ID', renderId(agent.id)],
    ['Attestation type', agent.attestation_type ?? ''],
    ['Expiration time', renderInstant(String(agent.x509svid_expires_at ?? 0))],
    agent.banned === true ? ['Banned', 'true'] : ['Serial number', agent.x509svid_serial_number ?? ''],
    ['Can re-attest', String(agent.can_reattest ?? false)],
    ['Agent version', agent.agent_version === '' ? undefined : agent.agent_version],
  ]);
}

/** The selectors of one agent, as lines of its block. */
export function renderAgentSelectors(agent: Agent): string {
  const lines = (agent.selectors ?? []).map(({ type, value }): Line => ['Selectors', `${type ?? ''}:${value ?? ''}`]);
  return block(18, lines);
}

/** `1 entry`, `2 entries`. */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

// A label and its value; undefined leaves the line out.
type Line = readonly [label: string, value: string | undefined];

function block(width: number, lines: readonly Line[]): string {
  return lines
    .filter(([, value]) => value !== undefined)
    .map(([label, value]) => `${label.padEnd(width)}: ${printable(value ?? '')}\n`)
    .join('');
}

function whenTrue(value: boolean | undefined): string | undefined {
  return value === true ? 'true' : undefined;
}

function renderTtl(seconds: number | undefined): string {
  return seconds === undefined || seconds === 0 ? 'default' : String(seconds);
}

function renderExpiry(seconds: string): string | undefined {
  return seconds === '0' ? undefined : renderInstant(seconds);
}
