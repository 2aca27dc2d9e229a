// Attests a caller: asks all attestors side by side, and then proves that the process they looked at still is the one
// that connected. In this order, or a successor of its pid could be attested in its place.
import type { Logger } from '@credence/sdk/runtime';
import { agentError } from '../../domain/errors.js';
import type { Selector } from '../../domain/selector.js';
import { checkUnchanged, type PinnedProcess } from './process.js';
import { Turns } from './turns.js';
import type { Workload, WorkloadAttestor } from './workload-attestor.js';

// A user with many calls must neither open all files that the agent may open nor keep other users waiting.
const attestationsOfUser = 16;

export interface ProcWorkloadAttestationOptions {
  readonly log: Logger;
  readonly attestors: readonly WorkloadAttestor[];
  /** Where proc(5) is mounted. */
  readonly procPath: string;
}

export class ProcWorkloadAttestation {
  readonly #log: Logger;
  readonly #attestors: readonly WorkloadAttestor[];
  readonly #procPath: string;
  readonly #turns = new Turns(attestationsOfUser);

  constructor(options: ProcWorkloadAttestationOptions) {
    this.#log = options.log;
    this.#attestors = options.attestors;
    this.#procPath = options.procPath;
  }

  /**
   * The selectors of all attestors that succeeded, in the order of the attestors.
   *
   * @throws ERR_ATTESTATION when none succeeded; ERR_CALLER_UNKNOWN when the process is gone or no longer what it was
   * when it connected; `signal.reason` when the signal aborts.
   */
  attest(process: PinnedProcess, signal: AbortSignal): Promise<readonly Selector[]> {
    return this.#turns.take(process.uid, () => this.#attest(process, signal));
  }

  async #attest(process: PinnedProcess, signal: AbortSignal): Promise<readonly Selector[]> {
    signal.throwIfAborted();
    const found = await Promise.all(this.#attestors.map((attestor) => this.#ask(attestor, process, signal)));
    signal.throwIfAborted();
    checkUnchanged(this.#procPath, process);
    const selectors = found.filter((answer) => answer !== undefined);
    if (selectors.length === 0) {
      throw agentError('ERR_ATTESTATION', `no workload attestor could attest process ${process.pid}`);
    }
    return selectors.flat();
  }

  async #ask(
    attestor: WorkloadAttestor,
    workload: Workload,
    signal: AbortSignal,
  ): Promise<readonly Selector[] | undefined> {
    try {
      const values = await attestor.attest(workload, signal);
      return values.map((value) => ({ type: attestor.type, value }));
    } catch (error) {
      if (!signal.aborted) {
        this.#log.error({ attestor: attestor.type, pid: workload.pid, err: error }, 'workload attestor failed');
      }
      return undefined;
    }
  }
}
