// packages/sdk/README.md as a new user meets it: its programs, cut out, compiled by the strictest settings against the
// packed SDK, and run against a Workload API.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { text } from 'node:stream/consumers';
import { X509Source, authorizeId } from '@credence/sdk';
import { FakeWorkloadApi, TestCa } from '@credence/sdk/testing';
import { SpiffeAgent } from '@credence/sdk/tls';
import type { Child } from '../support/child.js';
import { choosePort } from '../support/new-user.js';
import { PackedSdk } from '../support/packed-sdk.js';
import { codeBlocks, readProse, section } from '../support/prose.js';
import { until } from '../support/until.js';

const readme = readProse('packages/sdk/README.md');
const hello = 'hello spiffe://example.org/web\n';
// The programs by heading, in their order; the name says what each is.
const names: Readonly<Record<string, readonly string[]>> = {
  '## A service': ['service'],
  '## Its clients': ['https', 'fetch', 'http2'],
  '## Rotation': ['rotation'],
  '## HTTP middleware': ['middleware'],
  '## gRPC': ['grpc-service', 'grpc-client'],
  '## JWT-SVIDs': ['jwt'],
  '## In your tests': ['tests'],
};
const used = ['@types/node', 'undici-types', 'undici', '@types/express', 'express'];

describe('packages/sdk/README.md', () => {
  let sdk: PackedSdk;
  let agent: FakeWorkloadApi;
  let ca: TestCa;
  let port: number;

  before(async function () {
    this.timeout(90_000);
    [sdk, agent, ca, port] = await Promise.all([
      PackedSdk.install(used),
      FakeWorkloadApi.start(),
      TestCa.create('example.org'),
      choosePort(8443),
    ]);
    agent.setX509([await ca.x509Svid('/web')], [ca.bundle()]);
    agent.setJwt([ca.jwtBundle()], async ({ audience }) => [await ca.jwtSvid('/web', { audience })]);
    const programs = cutOut();
    for (const [name, program] of programs) await sdk.write(`${name}.ts`, program.replaceAll('8443', String(port)));
    await sdk.write('greeter.ts', greeter);
    await sdk.compile([...programs.keys()].map((name) => `${name}.ts`));
  });

  after(async () => {
    await sdk[Symbol.asyncDispose]();
    await agent[Symbol.asyncDispose]();
  });

  it('shows no program whose result nobody knows', () => {
    assert.equal(codeBlocks(readme, 'ts').length, Object.values(names).flat().length);
  });

  for (const client of ['https', 'fetch']) {
    it(`shows a service that greets its client by ${client}`, async () => {
      await using service = start('service');
      assert.equal(await run(client, service), hello);
    });
  }

  it('shows a client that speaks HTTP/2', async () => {
    await using service = start('service-http2');
    assert.equal(await run('http2', service), hello);
  });

  it('shows a program that follows the rotation', async () => {
    await using program = start('rotation');
    await until('the first SVID', () => running(program).stdout.includes('until'));
    const renewed = await ca.x509Svid('/web', { notAfter: new Date(Math.floor(Date.now() / 1000) * 1000 + 7_200_000) });
    agent.setX509([renewed], [ca.bundle()]);
    const line = `SVID of spiffe://example.org/web until ${renewed.expiresAt.toISOString()}\n`;
    await until('the next SVID', () => running(program).stdout.endsWith(line));
  });

  it('shows middleware that refuses, and middleware that only observes', async () => {
    await using service = start('middleware');
    await using source = await X509Source.create({ address: agent.address });
    const call = async (path: string): Promise<[number | undefined, string]> => {
      const tls = new SpiffeAgent({
        svid: source,
        bundles: source,
        authorize: authorizeId('spiffe://example.org/web'),
      });
      const [response] = (await once(get({ host: '127.0.0.1', port, path, agent: tls }), 'response')) as [
        IncomingMessage,
      ];
      return [response.statusCode, await text(response)];
    };
    const answer = await until('an answer', () => call('/'));
    assert.deepEqual(answer, [200, hello.trim()]);
    assert.deepEqual(await call('/admin'), [403, 'Forbidden\n']);
    assert.equal(service.stdout, '');
    assert.deepEqual(await call('/billing'), [200, hello.trim()]);
    await until('the report', () => /^spiffe:\/\/example\.org\/web would be refused: .+\n$/.test(service.stdout));
  });

  it('shows a gRPC service that greets its client', async () => {
    await using service = start('grpc-service');
    assert.equal(await run('grpc-client', service), hello);
  });

  it('shows a call that brings a JWT-SVID', async () => {
    assert.equal(await finish('jwt'), hello);
  });

  it('shows a test that passes', async () => {
    assert.equal(await finish('tests'), '');
  });

  /** The programs, and the service over HTTP/2 that the README names. */
  function cutOut(): ReadonlyMap<string, string> {
    const programs = new Map<string, string>();
    for (const [heading, ofSection] of Object.entries(names)) {
      codeBlocks(section(readme, heading), 'ts').forEach((code, index) => programs.set(ofSection[index] ?? '', code));
    }
    const service = programs.get('service') ?? '';
    return programs.set('service-http2', service.replaceAll('createHttpsServer', 'createHttp2Server'));
  }

  function start(name: string): Child {
    return sdk.node([`${name}.js`], { SPIFFE_ENDPOINT_SOCKET: agent.address });
  }

  function running(child: Child): Child {
    assert.ok(child.running, child.stdout + child.stderr);
    return child;
  }

  /** What a client prints as soon as the service listens. */
  function run(name: string, service: Child): Promise<string> {
    return until(`an answer for ${name}`, async () => {
      running(service);
      return finish(name);
    });
  }

  async function finish(name: string): Promise<string> {
    const { code, stdout, stderr } = await start(name).finished;
    assert.equal(code, 0, stderr);
    return stdout;
  }
}).timeout(60_000);

// What a generator of code makes of a contract with one method.
const greeter = `
import { Client, type handleUnaryCall, type MethodDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';

type Text = MethodDefinition<string, string>;
const [serialize, deserialize] = [(text: string) => Buffer.from(text), (bytes: Buffer) => String(bytes)];
const greet: Text = {
  path: '/Greeter/Greet',
  requestStream: false,
  responseStream: false,
  requestSerialize: serialize,
  requestDeserialize: deserialize,
  responseSerialize: serialize,
  responseDeserialize: deserialize,
};
export const greeterService = { greet };
export interface GreeterHandlers extends UntypedServiceImplementation {
  greet: handleUnaryCall<string, string>;
}

export class GreeterClient extends Client {
  greet(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.makeUnaryRequest(greet.path, serialize, deserialize, 'who am I?', (error, answer) => {
        if (error === null) resolve(answer ?? '');
        else reject(error);
      });
    });
  }
}
`;
