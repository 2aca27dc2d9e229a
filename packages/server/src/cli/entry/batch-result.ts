// How a batch of created or updated entries is reported.
import {
  encodeJson,
  exitCodes,
  statusName,
  type ExitCode,
  type OutputFormat,
  type Terminal,
} from '@credence/sdk/daemon';
import type { BatchCreateEntryResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/BatchCreateEntryResponse.js';
import type { Entry } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import { renderEntry } from '../render.js';

export interface BatchReport {
  readonly verb: 'create' | 'update';
  readonly output: OutputFormat;
  /** What was asked, in the order of the results: it stands for an entry that failed. */
  readonly requested: readonly Entry[];
}

/** Prints the results; a failed one makes the command fail. */
export function reportBatch(
  { results }: BatchCreateEntryResponse__Output,
  { verb, output, requested }: BatchReport,
  terminal: Terminal,
): ExitCode {
  const reported = results.map(({ status, entry }, index) => {
    const ok = status?.code === 0;
    return { ok, status, entry: ok ? entry : (requested[index] ?? null) };
  });
  const failed = reported.filter(({ ok }) => !ok);
  if (output === 'json') {
    const results = reported.map(({ status, entry }) => ({ status, entry: complete(entry) }));
    terminal.out(`${encodeJson({ results })}\n`);
    return failed.length === 0 ? exitCodes.done : exitCodes.failed;
  }
  for (const { ok, entry } of reported) if (ok) terminal.out(renderEntry(entry ?? {}));
  for (const { status, entry } of failed) {
    const code = statusName(status?.code ?? 2);
    terminal.err(`Failed to ${verb} the following entry (code: ${code}, msg: ${encodeJson(status?.message ?? '')}):\n`);
    terminal.err(renderEntry(entry ?? {}));
  }
  if (failed.length === 0) return exitCodes.done;
  throw new Error(`failed to ${verb} one or more entries`);
}

// Fields of the wire without a value are printed too, whoever made the message.
function complete(entry: Entry | null): Entry | null {
  return entry === null ? null : { created_at: '0', revision_number: '0', ...entry };
}
