// How the stores reach the database: reads see what is committed; writes that arrive in one turn of the event loop share
// one transaction, each in a savepoint of its own, and are answered after its commit.
import type { ControlledTransaction, Kysely, Transaction } from 'kysely';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isSpiffeError, type Logger } from '@credence/sdk/runtime';
import { serverError, serverErrors, type ServerErrorCode } from '../../domain/errors.js';
import type { SqlEngine } from './engine.js';
import type { Schema } from './schema.js';

export type Write = Transaction<Schema>;

type CommitListener = () => void | Promise<void>;
type Answer = () => void;

interface Job {
  /** Does the work; the answer tells the caller. */
  readonly run: (trx: Write) => Promise<Answer>;
  readonly reject: (error: Error) => void;
}

// Bounds how long one transaction keeps the event loop and how much one failed commit takes along.
const longestBatch = 256;

export class SqlSession {
  readonly #engine: SqlEngine;
  readonly #log: Logger;
  readonly #waiting: Job[] = [];
  readonly #listeners = new Set<CommitListener>();
  readonly #unanswered = new Set<Promise<void>>();
  #draining: Promise<void> | undefined;
  #closed = false;

  constructor({ engine, log }: { readonly engine: SqlEngine; readonly log: Logger }) {
    this.#engine = engine;
    this.#log = log;
  }

  /** @throws `ERR_DATASTORE`, `ERR_DATASTORE_FULL`, `ERR_DATASTORE_LOCKED`, and what `work` throws of our own codes */
  async read<T>(work: (db: Kysely<Schema>) => Promise<T>): Promise<T> {
    try {
      return await work(this.#engine.reader);
    } catch (error) {
      throw asServerError(error);
    }
  }

  /**
   * Resolves after the commit and after every commit listener. What `work` throws undoes its own writes only.
   *
   * @throws `ERR_DATASTORE`, `ERR_DATASTORE_FULL`, `ERR_DATASTORE_LOCKED`, and what `work` throws of our own codes
   */
  write<T>(work: (trx: Write) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw closed();
      const run = async (trx: Write): Promise<Answer> => {
        const result = await work(trx);
        return () => {
          resolve(result);
        };
      };
      this.#waiting.push({ run, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** Calls back after each commit; writes are answered when the listener is done. Answers the unsubscription. */
  onCommit(listener: CommitListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Finishes the writes that wait, and refuses all further ones. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#draining;
    await Promise.all(this.#unanswered);
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await nextTurn();
      const jobs = this.#waiting.splice(0, longestBatch);
      try {
        this.#announce(await this.#commit(jobs));
      } catch (error) {
        for (const job of jobs) job.reject(asServerError(error));
      }
    }
    this.#draining = undefined;
  }

  async #commit(jobs: readonly Job[]): Promise<readonly Answer[]> {
    const trx = await this.#engine.writer.startTransaction().execute();
    try {
      const answers: Answer[] = [];
      for (const job of jobs) answers.push(await attempt(job, trx));
      await trx.commit().execute();
      return answers;
    } catch (error) {
      // The engine may have rolled back by itself: a full disk does that.
      await trx
        .rollback()
        .execute()
        .catch(() => undefined);
      throw error;
    }
  }

  /** Does not hold up the next batch: a listener may write. */
  #announce(answers: readonly Answer[]): void {
    const told = this.#tell().then(() => {
      for (const answer of answers) answer();
      this.#unanswered.delete(told);
    });
    this.#unanswered.add(told);
  }

  async #tell(): Promise<void> {
    const calls = [...this.#listeners].map(async (listener) => listener());
    for (const call of await Promise.allSettled(calls)) {
      if (call.status === 'rejected') this.#log.error({ err: call.reason as Error }, 'commit listener failed');
    }
  }
}

async function attempt(job: Job, trx: ControlledTransaction<Schema>): Promise<Answer> {
  const own = await trx.savepoint('job').execute();
  try {
    const answer = await job.run(own);
    await own.releaseSavepoint('job').execute();
    return answer;
  } catch (error) {
    await own.rollbackToSavepoint('job').execute();
    await own.releaseSavepoint('job').execute();
    return () => {
      job.reject(asServerError(error));
    };
  }
}

function asServerError(error: unknown): Error {
  if (isSpiffeError(error) && Object.hasOwn(serverErrors, error.code)) return error;
  const reason = error instanceof Error ? error.message : 'unknown failure';
  return serverError(codeOf(error), `datastore-sql: ${reason}`, { cause: error });
}

// SQLite: no room in the file system, a file that may not grow. PostgreSQL: disk_full.
const outOfRoom: ReadonlySet<unknown> = new Set(['SQLITE_FULL', 'SQLITE_IOERR_WRITE', '53100']);

// Another process writes, and does not end: SQLite, and lock_not_available of PostgreSQL.
const locked = /^(SQLITE_BUSY|SQLITE_LOCKED|55P03)/;

function codeOf(error: unknown): ServerErrorCode {
  if (!(error instanceof Error) || !('code' in error)) return 'ERR_DATASTORE';
  if (outOfRoom.has(error.code)) return 'ERR_DATASTORE_FULL';
  return locked.test(String(error.code)) ? 'ERR_DATASTORE_LOCKED' : 'ERR_DATASTORE';
}

function closed(): Error {
  return serverError('ERR_DATASTORE', 'datastore-sql: the datastore is closed');
}
