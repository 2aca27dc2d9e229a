// docs/grpc.md: its code is that of grpc/examples.ts, and that runs.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { Client, type Server } from '@grpc/grpc-js';
import { JwtBundleSet } from '@credence/sdk';
import { serveGrpc } from '@credence/sdk/grpc';
import { StaticX509Source, TestCa } from '@credence/sdk/testing';
import { codeBlocks, readProse } from '../support/prose.js';
import { askingForTokens, bound, dialled, greeter, served, withRules, withToken } from './grpc/examples.js';

describe('docs/grpc.md', () => {
  let ca: TestCa;
  let own: StaticX509Source;
  let caller: StaticX509Source;
  const clients: Client[] = [];
  const listeners: TlsServer[] = [];
  const servers: Server[] = [];

  before(async () => {
    ca = await TestCa.create('example.org');
    own = new StaticX509Source(await ca.x509Svid('/greeter'), [ca.bundle()]);
    caller = new StaticX509Source(await ca.x509Svid('/caller'), [ca.bundle()]);
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    for (const server of servers.splice(0)) server.forceShutdown();
    await Promise.all(listeners.splice(0).map((listener) => listener[Symbol.asyncDispose]()));
  });

  const listening = async (listener: TlsServer): Promise<string> => {
    listeners.push(listener);
    if (!listener.listening) await once(listener, 'listening');
    return `127.0.0.1:${(listener.address() as AddressInfo).port}`;
  };
  const ask = (client: Client): Promise<string> => {
    clients.push(client);
    const { path, requestSerialize, responseDeserialize } = greeter['Greet']!;
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, 'hi', (error, answer) => {
        if (error === null) resolve(String(answer));
        else reject(error);
      });
    });
  };

  it('shows only code that is run here', () => {
    const unindented = (text: string): string => text.replaceAll(/^ +/gm, '');
    const examples = unindented(readProse('test/integration/grpc/examples.ts'));
    const blocks = codeBlocks(readProse('docs/grpc.md'), 'ts');
    assert.equal(blocks.length, 6);
    for (const block of blocks) assert.ok(examples.includes(unindented(block)), block);
  });

  it('serves, and knows who calls', async () => {
    const address = await listening(served(own, 0));
    assert.equal(await ask(dialled(caller, address)), 'hello spiffe://example.org/caller');
  });

  it('serves with credentials, and by rules', async () => {
    const server = withRules();
    servers.push(server);
    server.addService(greeter, {
      Greet: (_call: unknown, done: (error: null, text: string) => void) => {
        done(null, 'hello');
      },
    });
    const port = await bound(server, own, '127.0.0.1:0');
    assert.equal(await ask(dialled(caller, `127.0.0.1:${port}`)), 'hello');
  });

  it('serves by token', async () => {
    const refused: object[] = [];
    const refuse = (fields: object): void => void refused.push(fields);
    const log = { debug: refuse, info: refuse, warn: refuse, error: refuse };
    const server = askingForTokens(JwtBundleSet.of(ca.jwtBundle()), log);
    const listener = serveGrpc(server, { svid: own, clientAuthentication: 'none' }).listen(0, '127.0.0.1');
    const address = await listening(listener);
    const tokens = { fetchJwtSvid: () => ca.jwtSvid('/caller', { audience: 'spiffe://example.org/greeter' }) };
    const client = new Client(address, withToken(caller, tokens));
    assert.equal(await ask(client), 'hello spiffe://example.org/caller');
    assert.deepEqual(refused, []);
    await assert.rejects(ask(dialled(caller, address)), /UNAUTHENTICATED/);
    assert.deepEqual(refused, [{ method: '/example.Greeter/Greet', reason: 'the call has no authorization metadata' }]);
  });
});
