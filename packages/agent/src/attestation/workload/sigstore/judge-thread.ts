// The thread in which documents are judged that anybody may have made: what keeps a parser or a pattern busy for ever, or
// takes all memory, ends with the thread, and holds nobody up meanwhile.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Clock } from '@credence/sdk/runtime';
import { Turns } from '../turns.js';
import type { Case, Judgement } from './judge.js';
import { problem, reasonOf } from './problem.js';

// A document of ordinary size takes some milliseconds; to start the thread takes some hundred.
const longestMs = 2000;
const longestStartMs = 10_000;
const resourceLimits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 32 };

/** One thread at most, for as long as somebody has use of it. */
export class JudgeThread {
  readonly #clock: Clock;
  readonly #turns = new Turns(1);
  #worker: Promise<Worker> | undefined;
  #users = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Keeps the thread, once there is one, until `use` is done. */
  async use<T>(use: (judge: (given: Case) => Promise<Judgement>) => Promise<T>): Promise<T> {
    this.#users++;
    try {
      return await use((given) => this.#turns.take(0, () => this.#judge(given)));
    } finally {
      if (--this.#users === 0) await this.#end();
    }
  }

  /** @throws ERR_ATTESTATION when it takes longer than 2 seconds, or more memory than there is for it. */
  async #judge(given: Case): Promise<Judgement> {
    try {
      const worker = await (this.#worker ??= this.#start());
      worker.postMessage(given);
      return (await this.#answerOf(worker, longestMs)) as Judgement;
    } catch (cause) {
      await this.#end();
      throw problem(`what is beside the image cannot be judged: ${reasonOf(cause)}`);
    }
  }

  async #start(): Promise<Worker> {
    const worker = new Worker(new URL('./judge-worker.js', import.meta.url), { resourceLimits });
    worker.unref();
    worker.on('error', () => undefined); // also when nobody waits for it any more
    try {
      await this.#answerOf(worker, longestStartMs);
      return worker;
    } catch (error) {
      await worker.terminate();
      throw error;
    }
  }

  async #answerOf(worker: Worker, ms: number): Promise<unknown> {
    const done = new AbortController();
    const { signal } = done;
    const late = this.#clock.sleep(ms, { signal, ref: false }).then(() => {
      throw problem(`it takes longer than ${ms} ms`);
    });
    try {
      const [answer] = (await Promise.race([once(worker, 'message', { signal }), late])) as unknown[];
      return answer;
    } finally {
      done.abort();
    }
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await (await worker?.catch(() => undefined))?.terminate();
  }
}
