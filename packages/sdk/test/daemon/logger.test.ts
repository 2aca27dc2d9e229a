import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Metadata, setLogger } from '@grpc/grpc-js';
import { createLogger } from '@credence/sdk/daemon';

describe('createLogger', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-log-'));
    file = join(folder, 'log');
  });
  afterEach(async () => {
    setLogger(console);
    await rm(folder, { recursive: true });
  });

  const records = async (): Promise<Record<string, unknown>[]> => {
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  };

  it('writes a record a line', async () => {
    const log = await createLogger({ level: 'info', file });
    log.info({ port: 1 }, 'first');
    log.debug({}, 'not at this level');
    log.warn({}, 'second');
    assert.deepEqual(
      (await records()).map(({ level, msg, port }) => ({ level, msg, port })),
      [
        { level: 'info', msg: 'first', port: 1 },
        { level: 'warn', msg: 'second', port: undefined },
      ],
    );
  });

  it('writes more or less when its level is changed', async () => {
    const log = await createLogger({ level: 'info', file });
    for (const level of ['debug', 'fatal', 'info'] as const) {
      log.level = level;
      log.debug({}, `debug at ${level}`);
      log.error({}, `error at ${level}`);
    }
    assert.deepEqual(
      (await records()).map(({ msg }) => msg),
      ['debug at debug', 'error at debug', 'error at info'],
    );
  });

  it('goes on when the disk is full', async () => {
    const log = await createLogger({ level: 'info', file: '/dev/full' });
    for (let count = 0; count < 10; count++) log.error({ text: 'x'.repeat(300_000) }, 'lost');
  });

  it('records what grpc-js has to say of what a peer sent, escaped and cut', async () => {
    const log = await createLogger({ level: 'debug', file });
    log.info({}, 'ready');
    Metadata.fromHttp2Headers({ 'x-name': `\u001b[31m${'x'.repeat(10_000)}` });
    const [, { level, msg, text } = {}] = await records();
    assert.deepEqual([level, msg], ['debug', 'gRPC library']);
    assert.ok(String(text).startsWith('Failed to add metadata entry x-name: \u001b[31mxxx'));
    assert.equal(String(text).length, 1000);
    assert.ok(!(await readFile(file, 'utf8')).includes('\u001b'));
  });
});
