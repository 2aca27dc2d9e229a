// The Explain service, of our own: why a process has the identities that it has. Whoever may open the admin socket may
// ask about any process.
import { status } from '@grpc/grpc-js';
import { isSpiffeError } from '@credence/sdk/runtime';
import { agentExplainApi, StatusError } from '@credence/sdk/wire';
import type { ExplainWorkloadRequest__Output } from '@credence/sdk/wire/gen/credence/agent/v1/ExplainWorkloadRequest.js';
import type { ExplainWorkloadResponse } from '@credence/sdk/wire/gen/credence/agent/v1/ExplainWorkloadResponse.js';
import type { AttestorReport } from '../../../attestation/workload/workload-attestor.js';
import { selectorSet } from '../../../identity/selector-index.js';
import { pinProcess } from '../../peer/process-by-pid.js';
import { invalidArgument, unaryAnswer } from '../../workload/unary-answer.js';
import type { AdminService } from '../admin-endpoint.js';
import { encodeId } from '../messages.js';
import { disclosedBy } from './disclosed-selectors.js';
import { encodeAnswer, encodeAttestor, encodeMatching, encodeMissed, encodeSync } from './encode.js';
import { matchingEntries } from './matching-entries.js';
import { missedEntries } from './missed-entries.js';
import type { ExplainPorts } from './ports.js';

export function explainService(ports: ExplainPorts): AdminService {
  return {
    definition: agentExplainApi.definition,
    createHandlers: (options) => ({
      ExplainWorkload: unaryAnswer(options, (request: ExplainWorkloadRequest__Output, { signal }) =>
        explainWorkload(ports, request, signal),
      ),
    }),
  };
}

async function explainWorkload(
  ports: ExplainPorts,
  { pid, limit }: ExplainWorkloadRequest__Output,
  signal: AbortSignal,
): Promise<ExplainWorkloadResponse> {
  const { uid, gid, reports } = await examine(ports, pid, signal);
  const found = reports.filter((report) => report.kind === 'found');
  const selectors = selectorSet(found.flatMap((report) => report.selectors));
  const matching = matchingEntries(ports, selectors);
  const entries = [...ports.entries.entries.values()];
  const missed = missedEntries(entries, selectors);
  const disclosed = disclosedBy(entries);
  const isAttested = found.length > 0;
  const defaultEntry = matching.find(({ state }) => state === 'served');
  return {
    agent_id: encodeId(ports.agentId()),
    uid,
    gid,
    attestors: reports.map((report) => encodeAttestor(report, disclosed)),
    sync: encodeSync(ports.status()),
    answer: encodeAnswer(isAttested, matching),
    matching: matching.map((match) => encodeMatching(match, match === defaultEntry)),
    missed: missed.slice(0, limit === 0 ? undefined : limit).map(encodeMissed),
    missed_count: missed.length,
  };
}

interface Examined {
  readonly uid: number;
  readonly gid: number;
  readonly reports: readonly AttestorReport[];
}

/** @throws StatusError NOT_FOUND when the process is gone, or goes meanwhile */
async function examine({ attestation, procPath }: ExplainPorts, pid: number, signal: AbortSignal): Promise<Examined> {
  if (pid <= 0) throw invalidArgument(`pid ${pid}: the number of a process, 1 or more, is accepted`);
  try {
    using process = pinProcess(procPath, pid);
    const { uid, gid } = process;
    return { uid, gid, reports: await attestation.examine(process, signal) };
  } catch (error) {
    // It is not the caller that is unknown.
    if (!isSpiffeError(error, 'ERR_CALLER_UNKNOWN') && !isSpiffeError(error, 'ERR_PEER_CREDENTIALS')) throw error;
    throw new StatusError(status.NOT_FOUND, `there is no process ${pid}, or no longer: ${error.message}`, {
      cause: error,
    });
  }
}
