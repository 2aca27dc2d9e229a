import assert from 'node:assert/strict';
import { Metadata, status, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { systemRandom } from '@credence/sdk/runtime';
import { ManualClock } from '@credence/sdk/testing';
import { Admissions } from '../../dist/api/call.js';
import { unobserved } from '../../dist/api/observer.js';
import { Pipeline } from '../../dist/api/pipeline.js';
import { RecordingLogger } from '../ca/support/recording-logger.js';
import { refusal } from './support/refusal.js';
import { call, TestServer } from './support/test-server.js';

describe('a call that cannot be answered as it should be', () => {
  it('is refused, not fatal, when a message quotes half a surrogate pair (ECMA-262 §19.2.6.5)', async () => {
    await using server = await TestServer.start();
    const { entries } = server.local;
    const list = (page_token: string): Promise<string> =>
      refusal(call(entries, 'ListEntries', { page_size: 1, page_token }));
    assert.match(await list('no row'), /^INVALID_ARGUMENT: could not parse token 'no row'/);
    assert.match(await list(`${'a'.repeat(39)}😀`), /^INVALID_ARGUMENT: could not parse token 'a{39}\ufffd'/);
    assert.equal((await call(entries, 'CountEntries', {})).count, 0);
  });

  for (const outcome of ['answer', 'refusal'] as const) {
    it(`leaves an error in the log when grpc-js throws at its ${outcome}`, async () => {
      const log = new RecordingLogger();
      const admissions = new Admissions();
      const metadata = new Metadata();
      const connection = { kind: 'local', token: 't', uid: 0, gid: 0, pid: 1, path: undefined } as const;
      admissions.admit(metadata, { connection, caller: { kind: 'local' } });
      const pipeline = new Pipeline({
        admissions,
        clock: new ManualClock(new Date(0)),
        random: systemRandom,
        log,
        observer: unobserved,
      });
      const handle = pipeline.unary(() =>
        outcome === 'answer' ? Promise.resolve('done') : Promise.reject(new Error('broken')),
      );
      const rpc = { metadata, getPath: () => '/a/b', getDeadline: () => Infinity, once: () => undefined };
      const thrown = new URIError('malformed');
      const answered = new Promise<Parameters<sendUnaryData<string>>>((resolve) => {
        handle(rpc as unknown as ServerUnaryCall<unknown, string>, (...answer) => {
          resolve(answer);
          throw thrown;
        });
      });
      const [error, response] = await answered;
      assert.deepEqual([error?.code, response], outcome === 'answer' ? [undefined, 'done'] : [status.INTERNAL, undefined]); // prettier-ignore
      // The log line follows the throw within the same turn of the event loop.
      await new Promise(setImmediate);
      assert.deepEqual(log.lines.at(-1), {
        level: 'error',
        fields: { err: thrown },
        message: 'api call could not be answered',
      });
    });
  }
});
