import assert from 'node:assert/strict';
import { guarded, silentLogger, type Logger } from '../../dist/runtime/index.js';

describe('guarded', () => {
  const levels = ['debug', 'info', 'warn', 'error'] as const;

  it('hands records on, as methods of the logger', () => {
    const records: unknown[] = [];
    class Recorder implements Logger {
      readonly #records = records;
      debug = (): void => undefined;
      info(...record: [object, string]): void {
        this.#records.push(record);
      }
      warn(...record: [object, string]): void {
        this.#records.push(record);
      }
      error = (): void => undefined;
    }
    const logger = guarded(new Recorder());
    logger.info({ a: 1 }, 'one');
    logger.warn({ b: 2 }, 'two');
    assert.deepEqual(records, [
      [{ a: 1 }, 'one'],
      [{ b: 2 }, 'two'],
    ]);
  });

  it('keeps the failures of a logger to itself, and is silent by default', () => {
    const fail = (): never => {
      throw new Error('broken');
    };
    const logger = guarded({ debug: fail, info: fail, warn: fail, error: fail });
    for (const level of levels) logger[level]({}, 'record');
    assert.equal(guarded(), silentLogger);
  });
});
