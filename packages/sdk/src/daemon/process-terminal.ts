// The process as a Terminal.
import { text } from 'node:stream/consumers';
import type { Terminal } from './program.js';

/** @param env the environment, which only a program's `main.ts` reads */
export function processTerminal(env: Terminal['env']): Terminal {
  return {
    out: (output) => void process.stdout.write(output),
    err: (output) => void process.stderr.write(output),
    readInput: () => text(process.stdin),
    env,
    uid: process.geteuid?.() ?? -1,
  };
}
