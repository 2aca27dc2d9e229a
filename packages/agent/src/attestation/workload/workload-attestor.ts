// The port of workload attestors: each looks at a process in its own way and says what it found.

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
   * The values of the selectors that hold for the process. Whether the process still was the same at the end is not
   * its business.
   *
   * @throws when it cannot tell; no partial answer. `signal.reason` soon after the signal aborts.
   */
  attest(workload: Workload, signal: AbortSignal): Promise<readonly string[]>;
}
