// docs/http.md: its code is that of http/examples.ts, and that runs.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:tls';
import { Agent } from 'undici';
import { authorizeAny, authorizeId, authorizeMemberOf, JwtBundleSet, type JwtSvidSource } from '@credence/sdk';
import { StaticX509Source, TestCa } from '@credence/sdk/testing';
import { createHttpsServer, spiffeConnector, type MtlsServerOptions } from '@credence/sdk/tls';
import { codeBlocks, readProse } from '../support/prose.js';
import { byToken, call, inExpress, inFastify, inHttp2, inKoa, observed } from './http/examples.js';

describe('docs/http.md', () => {
  let ca: TestCa;
  let greeter: StaticX509Source;
  let tls: MtlsServerOptions;
  /** Over mutual TLS, by hint. */
  const fetchAs = new Map<string, typeof fetch>();
  const agents: Agent[] = [];
  const servers: Server[] = [];

  before(async () => {
    ca = await TestCa.create('example.org');
    greeter = new StaticX509Source(await ca.x509Svid('/greeter'), [ca.bundle()]);
    tls = { svid: greeter, bundles: greeter, authorize: authorizeMemberOf('example.org') };
    for (const name of ['caller', 'other']) {
      const source = new StaticX509Source(await ca.x509Svid(`/${name}`), [ca.bundle()]);
      const authorize = authorizeId('spiffe://example.org/greeter');
      const base = { ALPNProtocols: ['h2', 'http/1.1'] };
      const connect = spiffeConnector({ svid: source, bundles: source, authorize, base });
      const dispatcher = new Agent({ connect, allowH2: true });
      agents.push(dispatcher);
      fetchAs.set(name, (input, init) => fetch(input, { ...init, ...({ dispatcher } as object) }));
    }
  });
  after(async () => {
    await Promise.all(agents.map((agent) => agent.destroy()));
    for (const server of servers) server.close();
  });

  const start = async (server: Server): Promise<string> => {
    servers.push(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const ask = async (name: string, url: string): Promise<string> => {
    const response = await fetchAs.get(name)!(url);
    return `${response.status} ${(await response.text()).trim()}`;
  };

  it('shows only code that is run here', () => {
    const unindented = (text: string): string => text.replaceAll(/^ +/gm, '');
    const examples = unindented(readProse('test/integration/http/examples.ts'));
    const blocks = codeBlocks(readProse('docs/http.md'), 'ts');
    assert.equal(blocks.length, 7);
    for (const block of blocks) assert.ok(examples.includes(unindented(block)), block);
  });

  const shapes = [
    { name: 'Express', make: () => inExpress(greeter) },
    { name: 'Fastify', make: () => inFastify(tls) },
    { name: 'Koa', make: () => inKoa(tls) },
    { name: 'HTTP/2', make: () => inHttp2(tls) },
  ];
  for (const { name, make } of shapes) {
    it(`lets the caller in, and nobody else, in ${name}`, async () => {
      const url = `${await start(await make())}/hello`;
      assert.equal(await ask('caller', url), '200 hello spiffe://example.org/caller');
      assert.equal(await ask('other', url), '403 Forbidden');
    });
  }

  it('observes', async () => {
    const wouldBeRefused: string[] = [];
    assert.equal(await ask('caller', `${await start(observed(tls, wouldBeRefused))}/ledger`), '200 numbers');
    assert.deepEqual(wouldBeRefused, ['spiffe://example.org/caller']);
  });

  it('calls and is called with a token', async () => {
    const log: object[] = [];
    const gate = byToken(JwtBundleSet.of(ca.jwtBundle()), { info: (fields) => log.push(fields) });
    const url = await start(
      createHttpsServer({ ...tls, authorize: authorizeAny() }, (request, response) => {
        gate(request, response, () => response.end(String(request.spiffe?.id)));
      }),
    );
    const tokens = (path: string): JwtSvidSource => ({ fetchJwtSvid: (params) => ca.jwtSvid(path, params) });
    const response = await call(fetchAs.get('other')!, tokens('/caller'), url);
    assert.equal(await response.text(), 'spiffe://example.org/caller');
    assert.equal((await call(fetchAs.get('caller')!, tokens('/other'), url)).status, 403);
    assert.deepEqual(log, [
      {
        status: 403,
        reason: 'peer spiffe://example.org/other is not authorized: expected spiffe://example.org/caller',
      },
    ]);
  });
});
