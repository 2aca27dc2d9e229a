// The port of workload attestors: each looks at a process in its own way and says what it found.
import type { Selector } from '../../domain/selector.js';

/** A process to look at: its pid, and whom it acted for when it connected. */
export interface Workload {
  readonly pid: number;
  /** Effective user and group when it connected. */
  readonly uid: number;
  readonly gid: number;
}

export interface WorkloadAttestor {
  /** The type of its selectors, such as `unix`; without a colon. */
  readonly type: string;
  /**
   * The values of the selectors that hold for the process; none when the process is nothing that the attestor knows.
   * Whether the process still was the same at the end is not its business.
   *
   * @param signal aborts when the caller is gone or the attestor's time is up; nobody waits for the answer then, and
   * the attestor stops what it does.
   * @throws when it cannot tell; no partial answer.
   */
  attest(workload: Workload, signal: AbortSignal): Promise<readonly string[]>;
}

/** How one attestor fared with one process. */
export type AttestorReport = {
  /** Its type. */
  readonly attestor: string;
  readonly elapsedMs: number;
} & (
  | { readonly kind: 'found'; readonly selectors: readonly Selector[] }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'timedOut' }
);
