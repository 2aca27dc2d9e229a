// Explanations as messages. Nothing secret is in them: neither keys nor chains nor tokens.
import type { Answer } from '@credence/sdk/wire/gen/credence/agent/v1/Answer.js';
import type { Attestor } from '@credence/sdk/wire/gen/credence/agent/v1/Attestor.js';
import type { Entry } from '@credence/sdk/wire/gen/credence/agent/v1/Entry.js';
import type { Matching } from '@credence/sdk/wire/gen/credence/agent/v1/Matching.js';
import type { Missed } from '@credence/sdk/wire/gen/credence/agent/v1/Missed.js';
import type { Sync } from '@credence/sdk/wire/gen/credence/agent/v1/Sync.js';
import type { AttestorReport } from '../../../attestation/workload/workload-attestor.js';
import type { AuthorizedEntry } from '../../../domain/authorized-entry.js';
import type { Selector } from '../../../domain/selector.js';
import type { SyncStatus } from '../../../identity/sync-status.js';
import { encodeId, encodeSeconds } from '../messages.js';
import type { MatchingEntry } from './matching-entries.js';
import type { MissedEntry } from './missed-entries.js';

/** @param disclosed what is told of the selectors */
export function encodeAttestor(
  report: AttestorReport,
  disclosed: (selectors: readonly Selector[]) => readonly Selector[],
): Attestor {
  const about = { type: report.attestor, elapsed_ms: Math.round(report.elapsedMs) };
  switch (report.kind) {
    case 'found':
      return { ...about, selectors: [...disclosed(report.selectors)] };
    case 'failed':
      return { ...about, error: textOf(report.error) };
    case 'timedOut':
      return { ...about, error: 'no answer in time', timed_out: true };
  }
}

export function encodeSync({ lastSuccess, lastFailure, fromDiskSince }: SyncStatus): Sync {
  return {
    last_success: secondsOrZero(lastSuccess),
    last_failure: secondsOrZero(lastFailure?.at),
    last_error: lastFailure?.message ?? '',
    from_disk_since: secondsOrZero(fromDiskSince),
  };
}

export function encodeAnswer(isAttested: boolean, matching: readonly MatchingEntry[]): Answer {
  if (!isAttested) return 'ANSWER_ATTESTATION_FAILED';
  const offered = matching.filter(({ state }) => state !== 'stored');
  if (offered.length === 0) return 'ANSWER_NO_IDENTITY';
  return offered.some(({ state }) => state === 'waits') ? 'ANSWER_WAITS' : 'ANSWER_IDENTITIES';
}

const states = {
  served: 'STATE_SERVED',
  waits: 'STATE_WAITS',
  hintTaken: 'STATE_HINT_TAKEN',
  stored: 'STATE_STORED',
} as const satisfies Record<MatchingEntry['state'], Matching['state']>;

export function encodeMatching({ entry, state, identity }: MatchingEntry, isDefault: boolean): Matching {
  return {
    entry: encodeEntry(entry),
    state: states[state],
    is_default: isDefault,
    expires_at: secondsOrZero(identity?.svid.expiresAt),
  };
}

export function encodeMissed({ entry, missingSelectors }: MissedEntry): Missed {
  return { entry: encodeEntry(entry), missing_selectors: [...missingSelectors] };
}

function encodeEntry({ id, spiffeId, selectors, hint, federatesWith }: AuthorizedEntry): Entry {
  return {
    id,
    spiffe_id: encodeId(spiffeId),
    selectors: [...selectors],
    hint,
    federates_with: federatesWith.map(({ name }) => name),
  };
}

function secondsOrZero(instant: Date | undefined): string {
  return instant === undefined ? '0' : encodeSeconds(instant);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
