// The process as a Terminal.
import { text } from 'node:stream/consumers';
import type { Terminal } from './program.js';

/** What only a program's `main.ts` has. */
interface Surroundings {
  readonly env: Terminal['env'];
  /** Ends the process. */
  readonly exit: (code: number) => void;
}

// What a shell sees of a program that SIGPIPE ended, which Node ignores.
const endedByPipe = 128 + 13;

export function processTerminal({ env, exit }: Surroundings): Terminal {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    exit(endedByPipe);
  });
  // A message that nobody reads is no reason to end.
  process.stderr.on('error', () => undefined);
  return {
    out: (output) => void process.stdout.write(output),
    err: (output) => void process.stderr.write(output),
    readInput: () => text(process.stdin),
    env,
    uid: process.geteuid?.() ?? -1,
  };
}
