// How a batch of created or updated federation relationships is reported.
import {
  encodeJson,
  exitCodes,
  statusName,
  type ExitCode,
  type OutputFormat,
  type Terminal,
} from '@credence/sdk/daemon';
import type { BatchCreateFederationRelationshipResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/trustdomain/v1/BatchCreateFederationRelationshipResponse.js';
import type { FederationRelationship } from '@credence/sdk/wire/gen/spire/api/types/FederationRelationship.js';
import { renderRelationship, wireForm } from './render-relationship.js';

export interface BatchReport {
  readonly verb: 'create' | 'update';
  readonly output: OutputFormat;
  /** What was asked, in the order of the results: it stands for a relationship that failed. */
  readonly requested: readonly FederationRelationship[];
}

/** Prints the results; a failed one makes the command fail. */
export function reportBatch(
  { results }: BatchCreateFederationRelationshipResponse__Output,
  { verb, output, requested }: BatchReport,
  terminal: Terminal,
): ExitCode {
  const isFailed = results.some(({ status }) => status?.code !== 0);
  if (output === 'json') {
    const shown = results.map(({ status, federation_relationship: relationship }) => ({
      status,
      federation_relationship: wireForm(relationship),
    }));
    terminal.out(`${encodeJson({ results: shown })}\n`);
    return isFailed ? exitCodes.failed : exitCodes.done;
  }
  for (const { status, federation_relationship: relationship } of results) {
    if (status?.code === 0) terminal.out(`\n${renderRelationship(relationship ?? {})}`);
  }
  for (const [index, { status }] of results.entries()) {
    if (status?.code === 0) continue;
    const reason = `code: ${statusName(status?.code ?? 2)}, msg: ${encodeJson(status?.message ?? '')}`;
    terminal.out('\n');
    terminal.err(`Failed to ${verb} the following federation relationship (${reason}):\n`);
    terminal.err(renderRelationship(requested[index] ?? {}));
  }
  if (isFailed) throw new Error(`failed to ${verb} one or more federation relationships`);
  return exitCodes.done;
}
