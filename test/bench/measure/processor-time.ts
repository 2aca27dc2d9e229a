// How much of the processor a process has used: of a machine that does other things too, this says more than the clock.
import { readFileSync } from 'node:fs';

/** In milliseconds, of all threads, in steps of 10 (proc_pid_stat(5), fields 14 and 15). */
export function processorMs({ pid }: { readonly pid: number }): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const [user = 0, system = 0] = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return (user + system) * 10;
}
