// How much memory a process holds.
import { readFileSync } from 'node:fs';

/** Resident, in MiB (proc_pid_status(5), VmRSS). */
export function residentMiB({ pid }: { readonly pid: number }): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}
