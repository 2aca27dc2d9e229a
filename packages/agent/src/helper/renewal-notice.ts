// How programs learn of new files: a command is run, a process is sent a signal. What fails is logged; the files are there
// all the same.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { Clock, Logger } from '@credence/sdk/runtime';
import type { RenewalSettings } from './settings.js';

export interface RenewalNoticeOptions extends RenewalSettings {
  readonly clock: Clock;
  readonly log: Logger;
  readonly onFailure: () => void;
}

const stopWaitMs = 5000;

export class RenewalNotice implements AsyncDisposable {
  readonly #options: RenewalNoticeOptions;
  #child: ChildProcess | undefined;
  /** There are new files since the command was started. */
  #isDue = false;
  #isDisposed = false;

  constructor(options: RenewalNoticeOptions) {
    this.#options = options;
  }

  /** A command that still runs gets the signal, if there is one; otherwise it is run again when it has ended. */
  async give(): Promise<void> {
    const { signal, pidFile } = this.#options;
    if (this.#child === undefined) this.#run();
    else if (signal !== undefined) this.#child.kill(signal);
    else this.#isDue = true;
    if (pidFile !== undefined && signal !== undefined) await this.#signal(pidFile, signal);
  }

  /** Ends a command that still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    const child = this.#child;
    if (child === undefined) return;
    child.kill('SIGTERM');
    const waiting = new AbortController();
    const late = this.#options.clock.sleep(stopWaitMs, { signal: waiting.signal }).then(
      () => child.kill('SIGKILL'),
      () => undefined,
    );
    await once(child, 'close');
    waiting.abort();
    await late;
  }

  #run(): void {
    const { command } = this.#options;
    if (command === undefined || this.#isDisposed) return;
    const [program, ...args] = command;
    this.#isDue = false;
    // Its output is no record of the helper's log.
    const child = spawn(program, args, { stdio: ['ignore', 2, 2] });
    this.#child = child;
    child.once('error', (error) => {
      this.#failed({ command: program, err: error }, 'the command could not be run');
    });
    child.once('close', (code, signal) => {
      this.#child = undefined;
      if (code !== 0 && child.pid !== undefined && !this.#isDisposed) {
        this.#failed({ command: program, code, signal }, 'the command failed');
      }
      if (this.#isDue) this.#run();
    });
  }

  async #signal(pidFile: string, signal: NodeJS.Signals): Promise<void> {
    try {
      process.kill(await processIn(pidFile), signal);
    } catch (error) {
      this.#failed({ pidFile, signal, err: error }, 'the signal could not be sent');
    }
  }

  #failed(fields: object, message: string): void {
    this.#options.log.error({ ...fields }, message);
    this.#options.onFailure();
  }
}

const longestNumber = 64;

/** @throws unless a file, and no link or pipe, names a process of whoever it belongs to */
async function processIn(pidFile: string): Promise<number> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  await using file = await open(pidFile, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const stats = await file.stat();
  if (!stats.isFile()) throw new Error('it is no file');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(longestNumber), 0, longestNumber, 0);
  // PostgreSQL's has more lines.
  const [pid = ''] = buffer.toString('latin1', 0, bytesRead).trim().split('\n', 1);
  // 0 and less are groups of processes (kill(2)), and 1 is everybody's parent.
  if (!/^[1-9]\d{0,9}$/.test(pid) || pid === '1') throw new Error('it does not hold the number of a process');
  // A user who could have any process signalled would have the power of this one.
  if (stats.uid !== 0 && stats.uid !== process.geteuid?.() && stats.uid !== (await stat(`/proc/${pid}`)).uid) {
    throw new Error(`it belongs to user ${stats.uid}, and process ${pid} to another`);
  }
  return Number(pid);
}
