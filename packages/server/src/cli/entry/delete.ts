// `entry delete`: one entry by its ID, or several by a file {"ids": [...]}.
import {
  defineCommand,
  encodeJson,
  exitCodes,
  printable,
  statusName,
  usageError,
  type Terminal,
} from '@credence/sdk/daemon';
import { entryApi } from '@credence/sdk/wire';
import type { BatchDeleteEntryResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/BatchDeleteEntryResponse.js';
import { adminFlags, answer, withServer } from '../admin-client.js';
import { readJson } from '../values.js';
import { entryFlags } from './flags.js';

const flags = {
  ...adminFlags,
  entryId: entryFlags.entryId,
  file: { kind: 'text', metavar: 'path', help: 'JSON file with the IDs, or - for standard input' },
} as const;

export const command = defineCommand(flags, async (values, terminal) => {
  const ids = await idsOf(values, terminal);
  const response = await withServer(values, terminal, (connect) => {
    const client = connect(entryApi);
    return answer<BatchDeleteEntryResponse__Output>((done) => client.BatchDeleteEntry({ ids }, done));
  });
  const failed = response.results.filter(({ status }) => status?.code !== 0);
  if (values.output === 'json') {
    terminal.out(`${encodeJson(response)}\n`);
    return failed.length === 0 ? exitCodes.done : exitCodes.failed;
  }
  report(response, failed, terminal);
  if (failed.length > 0) throw new Error('failed to delete one or more entries');
  return exitCodes.done;
});

interface Source {
  readonly entryId: string | undefined;
  readonly file: string | undefined;
}

async function idsOf({ entryId, file }: Source, terminal: Terminal): Promise<string[]> {
  if (file === undefined) {
    if (entryId === undefined || entryId === '') throw usageError('--entry-id or --file is required');
    return [entryId];
  }
  if (entryId !== undefined) throw usageError('--entry-id and --file exclude each other');
  const content = await readJson('--file', file, () => terminal.readInput());
  if (isIdFile(content)) return content.ids;
  throw usageError('--file: {"ids": ["..."]} is accepted, with at least one ID and no other key');
}

function isIdFile(content: unknown): content is { ids: string[] } {
  if (typeof content !== 'object' || content === null || Object.keys(content).join() !== 'ids') return false;
  const { ids } = content as { readonly ids: unknown };
  return Array.isArray(ids) && ids.length > 0 && ids.every((id) => typeof id === 'string' && id !== '');
}

type Results = BatchDeleteEntryResponse__Output['results'];

function report({ results }: BatchDeleteEntryResponse__Output, failed: Results, terminal: Terminal): void {
  const deleted = results.filter(({ status }) => status?.code === 0);
  for (const { id } of deleted) terminal.out(`Deleted entry with ID: ${printable(id)}\n`);
  if (deleted.length > 0) terminal.out('\n\n');
  for (const { id, status } of failed) {
    const reason = `code: ${statusName(status?.code ?? 2)}, msg: ${encodeJson(status?.message ?? '')}`;
    terminal.err(`Failed to delete entry with ID ${printable(id)} (${reason})\n`);
  }
  if (failed.length > 0) terminal.out('\n\n');
  terminal.out(summary(deleted.length, failed.length));
}

function summary(deleted: number, failed: number): string {
  if (failed === 0) return `Deleted ${deleted} entries successfully`;
  if (deleted === 0) return `Failed to delete ${failed} entries`;
  return `Deleted ${deleted} entries successfully, but failed to delete ${failed} entries`;
}
