// A child process of a test: its output, its end, and a stop by its own process ID.
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that a test started. */
export class Child implements AsyncDisposable {
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
  #stdout = '';
  #stderr = '';

  constructor(command: string, args: readonly string[], options: SpawnOptions = {}) {
    this.process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
    this.process.stdout?.on('data', (chunk: Buffer) => (this.#stdout += chunk.toString()));
    this.process.stderr?.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()));
    this.finished = new Promise((resolve, reject) => {
      this.process.once('error', reject);
      this.process.once('close', (code) => {
        resolve({ code, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
    this.finished.catch(() => undefined);
  }

  get pid(): number {
    if (this.process.pid === undefined) throw new Error('the process did not start');
    return this.process.pid;
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Lines of standard output that are whole JSON objects. */
  get reports(): readonly Record<string, unknown>[] {
    return this.#stdout
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  get running(): boolean {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Finished> {
    if (this.running) this.process.kill(signal);
    return this.finished;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL').catch(() => undefined);
  }
}

/** Runs a program of ours, compiled, with this Node. */
export function node(script: string, args: readonly string[], options?: SpawnOptions): Child {
  return new Child(process.execPath, [script, ...args], options);
}
