// Attests a caller: asks all attestors side by side, each for as long as it may take, and then proves that the process
// they looked at still is the one that connected. In this order, or a successor of its pid could be attested in its place.
import { QuietLog } from '@credence/sdk/daemon';
import { joinSignals, type Clock, type Logger } from '@credence/sdk/runtime';
import { agentError } from '../../domain/errors.js';
import type { Selector } from '../../domain/selector.js';
import { checkUnchanged, type PinnedProcess } from './process.js';
import { Turns } from './turns.js';
import type { AttestorReport, Workload, WorkloadAttestor } from './workload-attestor.js';

// A user with many calls must neither open all files that the agent may open nor keep other users waiting.
const attestationsOfUser = 16;

// Callers wait for the slowest attestor, and one whose daemon hangs is as good as none.
const deadlineMs = 5000;

// Made once: an exception of its own for each call costs more than most of what it does.
const settled = new DOMException('the attestor is done, or too late', 'AbortError');

export interface ProcWorkloadAttestationOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly attestors: readonly WorkloadAttestor[];
  /** Where proc(5) is mounted. */
  readonly procPath: string;
  /** Undefined: nobody counts. */
  readonly observer?: AttestationObserver | undefined;
}

export interface AttestationObserver {
  attestorFailed(attestor: string, reason: 'failed' | 'timed_out'): void;
}

export class ProcWorkloadAttestation {
  readonly #clock: Clock;
  readonly #attestors: readonly WorkloadAttestor[];
  readonly #failures: ReadonlyMap<string, QuietLog>;
  readonly #procPath: string;
  readonly #observer: AttestationObserver | undefined;
  readonly #turns = new Turns(attestationsOfUser);

  constructor({ clock, log, attestors, procPath, observer }: ProcWorkloadAttestationOptions) {
    this.#observer = observer;
    this.#clock = clock;
    this.#attestors = attestors;
    this.#procPath = procPath;
    const message = 'workload attestor failed';
    this.#failures = new Map(attestors.map(({ type }) => [type, new QuietLog({ clock, log, message })]));
  }

  /**
   * The selectors of all attestors that succeeded in time, in the order of the attestors.
   *
   * @throws ERR_ATTESTATION when none succeeded; what {@link examine} throws.
   */
  async attest(process: PinnedProcess, signal: AbortSignal): Promise<readonly Selector[]> {
    const reports = await this.examine(process, signal);
    const found = reports.filter((report) => report.kind === 'found');
    if (found.length === 0) {
      throw agentError('ERR_ATTESTATION', `no workload attestor could attest process ${process.pid}`);
    }
    return found.flatMap(({ selectors }) => selectors);
  }

  /**
   * How each attestor fared, in their order; within 5 seconds of the caller's turn.
   *
   * @throws ERR_CALLER_UNKNOWN when the process is gone or no longer what it was when it connected; `signal.reason` when
   * the signal aborts.
   */
  examine(process: PinnedProcess, signal: AbortSignal): Promise<readonly AttestorReport[]> {
    return this.#turns.take(process.uid, async () => {
      signal.throwIfAborted();
      const reports = await Promise.all(this.#attestors.map((attestor) => this.#ask(attestor, process, signal)));
      signal.throwIfAborted();
      checkUnchanged(this.#procPath, process);
      return reports;
    });
  }

  async #ask(attestor: WorkloadAttestor, workload: Workload, signal: AbortSignal): Promise<AttestorReport> {
    const { type } = attestor;
    const { pid } = workload;
    const startedMs = this.#clock.now().getTime();
    const about = (): { attestor: string; elapsedMs: number } => ({
      attestor: type,
      elapsedMs: Math.max(0, this.#clock.now().getTime() - startedMs),
    });
    try {
      const values = await this.#inTime(attestor, workload, signal);
      if (values !== undefined) {
        return { ...about(), kind: 'found', selectors: values.map((value) => ({ type, value })) };
      }
      this.#observer?.attestorFailed(type, 'timed_out');
      this.#failures.get(type)?.warn({ attestor: type, pid, reason: `no answer within ${deadlineMs} ms` });
      return { ...about(), kind: 'timedOut' };
    } catch (error) {
      if (!signal.aborted) {
        this.#observer?.attestorFailed(type, 'failed');
        this.#failures.get(type)?.warn({ attestor: type, pid, err: error });
      }
      return { ...about(), kind: 'failed', error };
    }
  }

  // Undefined: too late. Attestors are not trusted to stop.
  async #inTime(
    attestor: WorkloadAttestor,
    workload: Workload,
    signal: AbortSignal,
  ): Promise<readonly string[] | undefined> {
    using work = joinSignals(signal);
    const deadline = this.#clock.sleep(deadlineMs, { signal: work.signal }).then(() => undefined);
    try {
      return await Promise.race([attestor.attest(workload, work.signal), deadline]);
    } finally {
      work.abort(settled);
    }
  }
}
