// For whom a delegate asks: for whoever has the selectors that it names, or for a process.
import { isSpiffeError } from '@credence/sdk/runtime';
import type { Selector__Output } from '@credence/sdk/wire/gen/spire/api/types/Selector.js';
import type { AuthorizedEntry } from '../../../domain/authorized-entry.js';
import { agentError } from '../../../domain/errors.js';
import type { Selector } from '../../../domain/selector.js';
import { pinProcess } from '../../peer/process-by-pid.js';
import type { WorkloadAttestation } from '../../ports.js';
import { invalidArgument } from '../../workload/unary-answer.js';

export interface SubjectRequest {
  readonly selectors: readonly Selector__Output[];
  /** 0: none. */
  readonly pid: number;
}

export interface SubjectPorts {
  readonly attestation: WorkloadAttestation;
  /** Where proc(5) is mounted. */
  readonly procPath: string;
}

/**
 * The selectors are believed: to name the right ones is the delegate's duty. So it is with a process: it is attested
 * once, as whoever has its number now, and nobody notices when it ends.
 *
 * @throws INVALID_ARGUMENT; ERR_ATTESTATION
 */
export async function selectorsOf(
  { selectors, pid }: SubjectRequest,
  ports: SubjectPorts,
  signal: AbortSignal,
): Promise<readonly Selector[]> {
  if (selectors.length > 0 === (pid !== 0)) {
    throw invalidArgument('must provide either selectors or non-zero PID, but not both');
  }
  if (pid !== 0) return attestByPid(pid, ports, signal);
  if (!selectors.every(isSelector)) throw invalidArgument('could not parse provided selectors');
  return selectors;
}

/** What a delegate may act for: no power over the server is lent to anybody. */
export function isDelegable({ admin, downstream }: AuthorizedEntry): boolean {
  return !admin && !downstream;
}

function isSelector({ type, value }: Selector__Output): boolean {
  return type !== '' && !type.includes(':') && value !== '';
}

async function attestByPid(
  pid: number,
  { attestation, procPath }: SubjectPorts,
  signal: AbortSignal,
): Promise<readonly Selector[]> {
  try {
    using process = pinProcess(procPath, pid);
    return await attestation.attest(process, signal);
  } catch (error) {
    // The connection is the delegate's, whatever became of the process.
    if (!isSpiffeError(error, 'ERR_CALLER_UNKNOWN') && !isSpiffeError(error, 'ERR_PEER_CREDENTIALS')) throw error;
    throw agentError('ERR_ATTESTATION', `process ${pid} cannot be attested: ${error.message}`, { cause: error });
  }
}
