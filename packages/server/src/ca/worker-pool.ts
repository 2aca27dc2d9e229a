// Worker threads that share out jobs. Batches take turns chunk by chunk, so that a large one does not hold up a small
// one. A worker that dies is replaced when there is work again; the jobs it had fail, and no others.
import { Worker } from 'node:worker_threads';

export interface WorkerPoolOptions {
  /** The module that a worker runs: it is sent arrays of jobs and answers each with an array of results, in order. */
  readonly script: URL;
  /** The most workers. */
  readonly size: number;
  /** A worker died; its jobs have failed. */
  readonly onCrash: (error: Error) => void;
}

const largestChunk = 16;

interface Batch<Job, Result> {
  readonly jobs: readonly Job[];
  readonly results: (Result | Error)[];
  readonly chunkSize: number;
  /** Jobs handed out. */
  taken: number;
  /** Jobs answered. */
  settled: number;
  readonly done: () => void;
}

interface Chunk<Job, Result> {
  readonly batch: Batch<Job, Result>;
  readonly start: number;
  readonly length: number;
}

interface Seat<Job, Result> {
  readonly worker: Worker;
  online: boolean;
  chunk: Chunk<Job, Result> | undefined;
}

/** Up to `size` workers, started when there is work for them; idle ones do not keep the process alive. */
export class WorkerPool<Job, Result> implements AsyncDisposable {
  readonly #options: WorkerPoolOptions;
  readonly #seats = new Set<Seat<Job, Result>>();
  readonly #waiting: Batch<Job, Result>[] = [];
  #closed = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** Whether a worker is up, so that a job does not pay for starting one. */
  get warm(): boolean {
    return [...this.#seats].some(({ online }) => online);
  }

  /** One result a job, in order; an Error for each job whose worker died. */
  run(jobs: readonly Job[]): Promise<readonly (Result | Error)[]> {
    if (this.#closed) return Promise.resolve(jobs.map(() => stopped()));
    const chunkSize = Math.min(largestChunk, Math.ceil(jobs.length / this.#options.size));
    return new Promise((resolve) => {
      const results: (Result | Error)[] = [];
      if (jobs.length === 0) {
        resolve(results);
        return;
      }
      const done = (): void => {
        resolve(results);
      };
      this.#waiting.push({ jobs, results, chunkSize, taken: 0, settled: 0, done });
      this.#assign();
    });
  }

  /** Stops the workers; what they had to do fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (let chunk = this.#nextChunk(); chunk !== undefined; chunk = this.#nextChunk()) fail(chunk, stopped());
    await Promise.all([...this.#seats].map(({ worker }) => worker.terminate()));
  }

  #assign(): void {
    for (let seat = this.#freeSeat(); seat !== undefined; seat = this.#freeSeat()) {
      const chunk = this.#nextChunk();
      if (chunk === undefined) return;
      seat.chunk = chunk;
      seat.worker.ref();
      seat.worker.postMessage(chunk.batch.jobs.slice(chunk.start, chunk.start + chunk.length));
    }
  }

  #freeSeat(): Seat<Job, Result> | undefined {
    if (this.#waiting.length === 0) return undefined;
    for (const seat of this.#seats) if (seat.chunk === undefined) return seat;
    return this.#seats.size < this.#options.size ? this.#hire() : undefined;
  }

  /** The next chunk of the batch whose turn it is; the batch goes to the back. */
  #nextChunk(): Chunk<Job, Result> | undefined {
    const batch = this.#waiting.shift();
    if (batch === undefined) return undefined;
    const start = batch.taken;
    const length = Math.min(batch.chunkSize, batch.jobs.length - start);
    batch.taken += length;
    if (batch.taken < batch.jobs.length) this.#waiting.push(batch);
    return { batch, start, length };
  }

  #hire(): Seat<Job, Result> {
    const worker = new Worker(this.#options.script);
    const seat: Seat<Job, Result> = { worker, online: false, chunk: undefined };
    this.#seats.add(seat);
    let failure: Error | undefined;
    worker.unref();
    worker.on('online', () => {
      seat.online = true;
    });
    worker.on('message', (results: readonly Result[]) => {
      this.#answer(seat, results);
    });
    worker.on('error', (error) => {
      failure = error instanceof Error ? error : undefined;
    });
    worker.on('exit', () => {
      this.#dismiss(seat, failure ?? stopped());
    });
    return seat;
  }

  #answer(seat: Seat<Job, Result>, results: readonly Result[]): void {
    const { chunk } = seat;
    seat.chunk = undefined;
    seat.worker.unref();
    if (chunk !== undefined) settle(chunk, (index) => results[index] ?? stopped());
    this.#assign();
  }

  #dismiss(seat: Seat<Job, Result>, error: Error): void {
    this.#seats.delete(seat);
    if (seat.chunk !== undefined) fail(seat.chunk, error);
    if (this.#closed) return;
    this.#options.onCrash(error);
    this.#assign();
  }
}

function settle<Job, Result>(
  { batch, start, length }: Chunk<Job, Result>,
  resultOf: (index: number) => Result | Error,
): void {
  for (let index = 0; index < length; index++) batch.results[start + index] = resultOf(index);
  batch.settled += length;
  if (batch.settled === batch.jobs.length) batch.done();
}

function fail<Job, Result>(chunk: Chunk<Job, Result>, error: Error): void {
  settle(chunk, () => error);
}

function stopped(): Error {
  return new Error('the worker thread has stopped');
}
