// What proc(5) says about who a process is. Read synchronously: the kernel answers from memory in microseconds, and
// nothing else can happen between two reads.
import { readFileSync, statSync } from 'node:fs';
import { agentError } from '../../domain/errors.js';

/** A process as a connection pins it. */
export interface PinnedProcess {
  readonly pid: number;
  /** Effective user and group when it connected. */
  readonly uid: number;
  readonly gid: number;
  /** As {@link readStartTime} said when it connected. */
  readonly startTime: string;
  /** As {@link readExecutable} said when its connection was accepted. */
  readonly executable: string | undefined;
  /** Whether that very process still runs. */
  isAlive(): boolean;
}

/**
 * When the process started, in clock ticks after boot (proc_pid_stat(5), field 22).
 *
 * @throws ERR_CALLER_UNKNOWN when there is no such process, or none that may be seen.
 */
export function readStartTime(procPath: string, pid: number): string {
  const stat = read(pid, () => readFileSync(`${procPath}/${pid}/stat`, 'latin1'));
  const startTime = parseStartTime(stat);
  if (startTime === undefined) throw agentError('ERR_CALLER_UNKNOWN', `stat of process ${pid} has no start time`);
  return startTime;
}

/**
 * Device and inode of the file that the process executed, or undefined when the agent may not see it. A process that
 * executes another program is still the same process, with all its connections.
 */
export function readExecutable(procPath: string, pid: number): string | undefined {
  try {
    const { dev, ino } = statSync(`${procPath}/${pid}/exe`, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

/** Field 22 of proc_pid_stat(5), or undefined when `stat` is not such a line. */
export function parseStartTime(stat: string): string | undefined {
  // Field 2 is the process's own choice of name, in parentheses, and may hold spaces and parentheses itself.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 1)
    .trim()
    .split(' ');
  const startTime = fields[22 - 3];
  return stat.includes(')') && startTime !== undefined && /^\d+$/.test(startTime) ? startTime : undefined;
}

/**
 * Checks that the process is still the one that connected, acts for the same user and group and runs the same program.
 * Between the connection and its acceptance it may have executed another, and a descendant may hold the connection, too:
 * what program it is proves nothing against other processes of its user. To be called after everything that is believed about it was read: what was read of a pid is true of the process only if the process
 * outlived the reading.
 *
 * @throws ERR_CALLER_UNKNOWN
 */
export function checkUnchanged(procPath: string, process: PinnedProcess): void {
  const { pid } = process;
  const startTime = readStartTime(procPath, pid);
  // The folder belongs to the effective user and group, even when the process may not be dumped (proc_pid(5)).
  const executable = readExecutable(procPath, pid);
  const { uid, gid } = read(pid, () => statSync(`${procPath}/${pid}`));
  if (!process.isAlive()) throw agentError('ERR_CALLER_UNKNOWN', `process ${pid} exited`);
  if (startTime !== process.startTime) {
    throw agentError('ERR_CALLER_UNKNOWN', `process ${pid} is not the one that connected: it started at another time`);
  }
  if (uid !== process.uid || gid !== process.gid) {
    throw agentError('ERR_CALLER_UNKNOWN', `process ${pid} changed its user or group after it connected`);
  }
  if (executable !== process.executable) {
    throw agentError('ERR_CALLER_UNKNOWN', `process ${pid} executed another program after it connected`);
  }
}

function read<T>(pid: number, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw agentError('ERR_CALLER_UNKNOWN', `process ${pid} is gone or hidden`, { cause });
  }
}
