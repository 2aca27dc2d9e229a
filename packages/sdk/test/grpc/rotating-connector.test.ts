import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { status } from '@grpc/grpc-js';
import { authorizeAny } from '@credence/sdk';
import { ManualClock } from '@credence/sdk/testing';
import { serverName } from '../../dist/grpc/server-name.js';
import { Harness } from './harness.js';

describe('a connection attempt of gRPC', () => {
  it('ends after twenty seconds with a server that does not answer the handshake', async () => {
    await using given = await Harness.create();
    const clock = new ManualClock(new Date());
    const { port } = await given.serve();
    assert.ok(await given.dial(port, given.mtls(authorizeAny(), { clock })).say('hello'));
    const silent = createServer((socket) => socket.on('error', () => undefined).resume());
    await using _ = silent;
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const waiting = clock.sleepers;
    const client = given.dial((silent.address() as AddressInfo).port, given.mtls(authorizeAny(), { clock }));
    const answer = client.say('hello');
    answer.catch(() => undefined);
    await clock.waitForSleepers(waiting + 1);
    await clock.advance(20_000);
    await assert.rejects(answer, { code: status.UNAVAILABLE, details: /did not end in time/ });
  });
});

describe('the server name of a channel', () => {
  const cases = [
    { target: 'api.example.org:443', expected: { host: 'api.example.org', servername: 'api.example.org' } },
    { target: 'api.example.org', expected: { host: 'api.example.org', servername: 'api.example.org' } },
    { target: '127.0.0.1:8443', expected: { host: '127.0.0.1' } },
    { target: '[::1]:8443', expected: { host: '::1' } },
    { target: '10.0.0.1:1,10.0.0.2:1', expected: { host: '10.0.0.1' } },
    { scheme: 'unix', target: '/run/api.sock', expected: { host: 'localhost', servername: 'localhost' } },
    {
      target: 'proxy:3128',
      options: { 'grpc.http_connect_target': 'dns:api.example.org:443' },
      expected: { host: 'api.example.org', servername: 'api.example.org' },
    },
    {
      target: 'proxy:3128',
      options: { 'grpc.http_connect_target': 'dns://8.8.8.8/api.example.org:443' },
      expected: { host: 'api.example.org', servername: 'api.example.org' },
    },
    {
      target: 'proxy:3128',
      options: { 'grpc.http_connect_target': 'localhost:443' },
      expected: { host: 'localhost', servername: 'localhost' },
    },
    {
      target: '127.0.0.1:8443',
      options: { 'grpc.ssl_target_name_override': 'example.org' },
      expected: { host: 'example.org', servername: 'example.org' },
    },
  ];
  for (const { scheme, target, options = {}, expected } of cases) {
    it(`of ${target} ${JSON.stringify(options)} is ${JSON.stringify(expected)} (RFC 6066 §3)`, () => {
      assert.deepEqual(serverName({ path: target, ...(scheme && { scheme }) }, options), expected);
    });
  }
});
