import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { systemClock, systemRandom } from '@credence/sdk/runtime';
import { FakeWorkloadApi, TestCa } from '@credence/sdk/testing';
import { ServerConnection } from '../../dist/serverclient/server-connection.js';
import { RecordingLogger } from '../ca/support/recording-logger.js';

describe('the connection to the server above', () => {
  it('gets its identity anew when the Workload API has refused for good, as while its agent is replaced', async () => {
    const ca = await TestCa.create('example.org');
    await using api = await FakeWorkloadApi.start();
    api.setX509([await ca.x509Svid('/nested')], [ca.bundle()]);
    await using connection = new ServerConnection({
      clock: systemClock,
      random: systemRandom,
      log: new RecordingLogger(),
      trustDomain: ca.trustDomain,
      address: '127.0.0.1',
      port: 1,
      workloadApiSocket: decodeURIComponent(api.address.slice('unix://'.length)),
      signal: new AbortController().signal,
    });
    const clients: object[] = [];
    const ask = (): Promise<string> =>
      connection.call<string>('Ask', ({ svid }, _options, done) => {
        clients.push(svid);
        setImmediate(done, null, 'answer');
        return { cancel: () => undefined };
      });
    assert.equal(await ask(), 'answer');
    assert.equal(await ask(), 'answer');
    assert.equal(clients[0], clients[1]);
    const before = api.requests.length;
    api.fail(status.UNIMPLEMENTED);
    await assert.rejects(
      async () => {
        for (;;) await ask();
      },
      { code: 'ERR_UPSTREAM', message: /no identity for the upstream server/ },
    );
    assert.ok(api.requests.length > before);
    api.serve();
    assert.equal(await ask(), 'answer');
    assert.notEqual(clients.at(-1), clients[0]);
  });
});
