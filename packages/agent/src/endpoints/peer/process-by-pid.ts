// A process that somebody named by its number. The number may come to mean another process at any moment: it is pinned
// by a pidfd first, and everything else is read while that very process lives.
import { statSync } from 'node:fs';
import { closeFd, isProcessAlive, openPidfd } from '@credence/sdk/daemon';
import { readExecutable, readStartTime, type PinnedProcess } from '../../attestation/workload/process.js';
import { agentError } from '../../domain/errors.js';

/** Owns a pidfd until it is disposed of. Whether the number was meant for this process, only who named it can know. */
export interface ProcessByPid extends PinnedProcess, Disposable {}

/**
 * @param procPath where proc(5) is mounted.
 * @throws ERR_PEER_CREDENTIALS or ERR_CALLER_UNKNOWN when there is no such process; nothing is held then.
 */
export function pinProcess(procPath: string, pid: number): ProcessByPid {
  const pidfd = openPidfd(pid);
  let open = true;
  const dispose = (): void => {
    if (open) closeFd(pidfd);
    open = false;
  };
  // A closed descriptor may already be another file's.
  const isAlive = (): boolean => open && isProcessAlive(pidfd);
  try {
    const startTime = readStartTime(procPath, pid);
    const executable = readExecutable(procPath, pid);
    const { uid, gid } = ownerOf(procPath, pid);
    if (!isAlive()) throw agentError('ERR_CALLER_UNKNOWN', `process ${pid} exited`);
    return { pid, uid, gid, startTime, executable, isAlive, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

// The folder belongs to the effective user and group, even when the process may not be dumped (proc_pid(5)).
function ownerOf(procPath: string, pid: number): { readonly uid: number; readonly gid: number } {
  try {
    return statSync(`${procPath}/${pid}`);
  } catch (cause) {
    throw agentError('ERR_CALLER_UNKNOWN', `process ${pid} is gone or hidden`, { cause });
  }
}
