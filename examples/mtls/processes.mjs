// Child processes of the demonstration: started, listened to, ended by their own process ID.
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const running = new Set();
const failed = [];
let stopping = false;

/** Starts a daemon; its log goes to a file. */
export function startDaemon(command, args, logFile) {
  startProgram(process.execPath, [command, ...args], logFile);
}

/** As `startDaemon`, with a program that is not Node's. */
export function startProgram(program, args, logFile) {
  const log = openSync(logFile, 'a', 0o600);
  watch(start(args, { stdio: ['ignore', log, log] }, program));
}

/** Starts a service, and hands each event that it reports to `onEvent`. */
export function startService(file, env, onEvent) {
  const child = start([file], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', (line) => onEvent(JSON.parse(line)));
  watch(child);
}

/** Runs a command to its end; answers what it printed, throws what it complained about. */
export function runCommand(command, args) {
  return new Promise((resolve, reject) => {
    const child = start([command, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const out = [];
    const complaints = [];
    child.stdout.on('data', (chunk) => out.push(chunk));
    child.stderr.on('data', (chunk) => complaints.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out).toString());
      else reject(new Error(Buffer.concat(complaints).toString().trim() || `exit ${code}`));
    });
  });
}

/** Resolves with the first value of `look` that is not undefined. */
export async function until(what, look, seconds = 20) {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (failed.length > 0) throw new Error(`${what}: ${failed[0]}`);
    if (performance.now() > deadline) throw new Error(`${what}: not within ${seconds} s`);
    await sleep(25);
  }
}

/** Ends what runs, and lets nothing start any more. */
export async function stopAll() {
  stopping = true;
  const ends = [...running].map((child) => new Promise((resolve) => child.once('close', resolve)));
  for (const child of running) child.kill('SIGTERM');
  await Promise.race([Promise.all(ends), sleep(5000, undefined, { ref: false })]);
  for (const child of running) child.kill('SIGKILL');
}

function start(args, options, program = process.execPath) {
  if (stopping) throw new Error('stopped');
  const child = spawn(program, args, options);
  running.add(child);
  child.on('close', () => running.delete(child));
  return child;
}

/** A program that is not meant to fail: `until` reports it. */
function watch(child) {
  child.on('error', (error) => failed.push(error.message));
  child.on('close', (code) => {
    if (code) failed.push(`${child.spawnargs[1]} ended with exit code ${code}`);
  });
}
