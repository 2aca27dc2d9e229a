// What people read of `explain`: what was found of the process, how the agent stands with its server, what the Workload
// API answers, and the nearest of the entries that do not match.
import { printable } from '@credence/sdk/daemon';
import type { Attestor__Output } from '@credence/sdk/wire/gen/credence/agent/v1/Attestor.js';
import type { Entry__Output } from '@credence/sdk/wire/gen/credence/agent/v1/Entry.js';
import type { ExplainWorkloadResponse__Output } from '@credence/sdk/wire/gen/credence/agent/v1/ExplainWorkloadResponse.js';
import type { Matching__Output } from '@credence/sdk/wire/gen/credence/agent/v1/Matching.js';
import type { Missed__Output } from '@credence/sdk/wire/gen/credence/agent/v1/Missed.js';
import type { Sync__Output } from '@credence/sdk/wire/gen/credence/agent/v1/Sync.js';
import type { Selector__Output } from '@credence/sdk/wire/gen/spire/api/types/Selector.js';
import type { SPIFFEID__Output } from '@credence/sdk/wire/gen/spire/api/types/SPIFFEID.js';

export function renderExplanation(explanation: ExplainWorkloadResponse__Output, pid: number): string {
  const { uid, gid, attestors, matching, missed } = explanation;
  return [
    `Process ${pid} acts for user ${uid} and group ${gid}.\n${attestors.map(renderAttestor).join('')}`,
    renderAgent(explanation),
    `${answerOf(explanation)}\n`,
    ...matching.map(renderMatching),
    renderMissedHeading(explanation),
    ...missed.map((entry) => renderMissed(entry, attestors)),
    renderAdvice(explanation),
  ]
    .filter((block) => block !== '')
    .join('\n');
}

function renderAttestor({ type, selectors, error, elapsed_ms: elapsedMs }: Attestor__Output): string {
  const about = `  ${printable(type)}: `;
  if (error !== '') return `${about}failed after ${elapsedMs} ms: ${printable(error)}\n`;
  if (selectors.length === 0) return `${about}found nothing\n`;
  return [`${about}found\n`, ...selectors.map((selector) => `    ${renderSelector(selector)}\n`)].join('');
}

function renderAgent({ agent_id: id, sync }: ExplainWorkloadResponse__Output): string {
  const name = id === null ? '' : ` ${printable(renderId(id))}`;
  return `Agent${name} ${sync === null ? 'says nothing of its server' : renderSync(sync)}\n`;
}

function renderSync({
  last_success: success,
  last_failure: failure,
  last_error: error,
  from_disk_since: fromDisk,
}: Sync__Output): string {
  const last = success === '0' ? 'it never was since it started' : `it last was at ${renderInstant(success)}`;
  const state =
    failure === '0' && success !== '0'
      ? `is in sync with its server, last at ${renderInstant(success)}.`
      : `is not in sync with its server; ${last}.`;
  return [
    state,
    ...(failure === '0' ? [] : [`\n  at ${renderInstant(failure)}: ${printable(error)}`]),
    ...(fromDisk === '0' ? [] : [`\n  since ${renderInstant(fromDisk)} it serves what it had on disk`]),
  ].join('');
}

function answerOf({ answer, matching }: ExplainWorkloadResponse__Output): string {
  const served = matching.filter(({ state }) => state === 'STATE_SERVED').length;
  switch (answer) {
    case 'ANSWER_IDENTITIES':
      return `The Workload API answers with ${counted(served, 'identity', 'identities')}:`;
    case 'ANSWER_WAITS':
      return 'The Workload API answers as soon as every one of these has an X.509-SVID:';
    case 'ANSWER_NO_IDENTITY':
      return 'The Workload API answers "no identity issued": no entry of this agent has only selectors that were found.';
    case 'ANSWER_ATTESTATION_FAILED':
      return 'The Workload API answers "workload attestation failed": no workload attestor succeeded.';
  }
}

function renderMatching({ entry, state, is_default: isDefault, expires_at: expiresAt }: Matching__Output): string {
  if (entry === null) return '';
  const until = expiresAt === '0' ? '' : `, until ${renderInstant(expiresAt)}`;
  const states = {
    STATE_SERVED: `served${isDefault ? ' as the default' : ''}${until}`,
    STATE_WAITS: 'has no X.509-SVID yet',
    STATE_HINT_TAKEN: 'not served: an older entry has the same hint',
    STATE_STORED: 'not served: its SVID goes to a secret store',
  };
  return [
    heading(entry),
    `  ${states[state]}\n`,
    entry.hint === '' ? '' : `  hint ${printable(entry.hint)}\n`,
    ...entry.selectors.map((selector) => `  by selector ${renderSelector(selector)}\n`),
  ].join('');
}

function renderMissedHeading({ missed, missed_count: count }: ExplainWorkloadResponse__Output): string {
  if (missed.length === 0) return '';
  const more = missed.length < count ? ` (${missed.length} shown; --all shows all)` : '';
  return `${counted(count, 'entry does', 'entries do')} not match, the nearest first${more}:\n`;
}

function renderMissed(
  { entry, missing_selectors: missing }: Missed__Output,
  attestors: readonly Attestor__Output[],
): string {
  if (entry === null) return '';
  const lines = missing.map(
    (selector) => `  missing selector ${renderSelector(selector)}${whyMissing(selector, attestors)}\n`,
  );
  return [heading(entry), ...lines].join('');
}

// What is missing of every process, however right the entry is.
function whyMissing({ type, value }: Selector__Output, attestors: readonly Attestor__Output[]): string {
  const attestor = attestors.find((one) => one.type === type);
  if (attestor === undefined) return `: this agent has no workload attestor ${printable(type)}`;
  if (attestor.error !== '') return `: ${type} failed`;
  const kind = /^(path|sha256):/.exec(value)?.[0];
  if (type !== 'unix' || kind === undefined || attestor.selectors.some((one) => one.value.startsWith(kind))) return '';
  const keys = kind === 'sha256:' ? 'discover_workload_path, workload_size_limit' : 'discover_workload_path';
  return `: this agent does not look for it (${keys})`;
}

// An entry below another parent is not this agent's to know.
function renderAdvice({
  answer,
  agent_id: id,
  missed_count: count,
  attestors,
}: ExplainWorkloadResponse__Output): string {
  if (answer !== 'ANSWER_NO_IDENTITY' || id === null) return '';
  const selectors = attestors.flatMap((attestor) => attestor.selectors).filter((selector) => !isMasked(selector));
  const flags = selectors.map((selector) => ` --selector ${quoted(`${selector.type}:${selector.value}`)}`).join('');
  const known = count === 0 ? 'This agent has no entries for workloads. ' : '';
  return `${known}Entries below other parents are known to the server only; there, ask:\n  credence-server entry explain --agent ${renderId(id)}${flags}\n`;
}

// A variable of the environment whose value the agent keeps to itself.
function isMasked({ value }: Selector__Output): boolean {
  return /^env:[^=]*=…$/.test(value);
}

// For a shell.
function quoted(text: string): string {
  const shown = printable(text);
  return /^[\w:./@%+=,-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", String.raw`'\''`)}'`;
}

function heading({ id, spiffe_id: spiffeId }: Entry__Output): string {
  return `${spiffeId === null ? '' : printable(renderId(spiffeId))} (entry ${printable(id)})\n`;
}

function renderSelector({ type, value }: Selector__Output): string {
  return printable(`${type}:${value}`);
}

function renderId({ trust_domain: trustDomain, path }: SPIFFEID__Output): string {
  return `spiffe://${trustDomain}${path}`;
}

function renderInstant(seconds: string): string {
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
