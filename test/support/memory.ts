// How much of the machine a process holds.
import { readdirSync, readFileSync } from 'node:fs';

interface Running {
  readonly pid: number;
}

/** Resident, in MiB (proc_pid_status(5), VmRSS). */
export function residentMiB({ pid }: Running): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

export function openDescriptors({ pid }: Running): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
