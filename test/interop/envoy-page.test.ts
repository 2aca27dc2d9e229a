// docs/envoy.md in the hands of a real Envoy: its blocks are those of examples/envoy, or are put into them, and do what the
// page says.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { authorizeId, WorkloadApiClient, X509Source } from '@credence/sdk';
import { TestCa } from '@credence/sdk/testing';
import { SpiffeAgent } from '@credence/sdk/tls';
import { parse } from 'yaml';
import { node, type Child } from '../support/child.js';
import { Deployment, freePort } from '../support/deployment.js';
import { codeBlocks, readProse } from '../support/prose.js';
import { repository } from '../support/source-tree.js';
import { until } from '../support/until.js';
import { Envoy } from './envoy-process.js';
import { program } from './programs.js';

const page = readProse('docs/envoy.md');
const blocks = codeBlocks(page, 'yaml');
const [, , retryPolicy = '', , authzFilter = '', authzCluster = '', paths = ''] = blocks;
const idOf = (name: string): string => `spiffe://example.org/${name}`;

/** What the tests change in examples/envoy/api.yaml. */
interface ApiConfiguration {
  node: { metadata?: object };
  static_resources: {
    listeners: [{ filter_chains: [{ transport_socket: TransportSocket; filters: [{ typed_config: Manager }] }] }];
    clusters: object[];
  };
}
interface TransportSocket {
  typed_config: { common_tls_context: CommonTlsContext };
}
interface CommonTlsContext {
  tls_certificate_sds_secret_configs: [{ name: string; sds_config: { api_config_source: ApiConfigSource } }];
  combined_validation_context: {
    default_validation_context: { match_typed_subject_alt_names: object[] };
    validation_context_sds_secret_config: { name: string };
  };
}
interface ApiConfigSource {
  grpc_services: object[];
}
interface Manager {
  http_filters: object[];
}

const tlsOf = ({ static_resources: { listeners } }: ApiConfiguration): CommonTlsContext =>
  listeners[0].filter_chains[0].transport_socket.typed_config.common_tls_context;

describe('docs/envoy.md', () => {
  const files = ['api.yaml', 'web.yaml', 'caller.mjs', 'authz.mjs'].map((name) => readProse(`examples/envoy/${name}`));

  it('shows what stands in examples/envoy, and else only what is tried below', () => {
    const lines = files.join('\n').split('\n');
    const indented = (block: string): boolean =>
      lines.some((_, at) => {
        const [first = '', ...rest] = block.trimEnd().split('\n');
        const indent = lines[at]?.indexOf(first) ?? -1;
        return (
          indent >= 0 &&
          [first, ...rest].every((line, i) => lines[at + i] === (line === '' ? '' : ' '.repeat(indent)) + line)
        );
      });
    const tried = [retryPolicy, authzFilter, authzCluster, paths];
    for (const block of [...blocks, ...codeBlocks(page, 'js')])
      assert.ok(tried.includes(block) || indented(block), block);
  });
});

describe('a real Envoy by docs/envoy.md', function () {
  this.timeout(60_000);
  let deployment: Deployment;
  let agent: Child;
  let envoy: string;
  let service: Server;
  let port: number;
  let authzPort: number;
  const started: Deployment[] = [];
  const services: Server[] = [];

  before(async function () {
    envoy = program(this, 'envoy');
    deployment = await Deployment.create();
    started.push(deployment);
    await deployment.startServer();
    // The page's words about Istio are what this agent is configured with.
    agent = await deployment.startAgent({ config: parse(/`(sds: .*?)`/.exec(page)?.[1] ?? '') as object });
    service = createServer(({ url, headers }, response) =>
      response.end(JSON.stringify({ url, caller: headers['x-caller'] })),
    );
    services.push(service);
    await once(service.listen(0, '127.0.0.1'), 'listening');
    [port, authzPort] = [await freePort(), await freePort()];
  });
  after(async () => {
    for (const one of started) await one[Symbol.asyncDispose]();
    for (const one of services) one.close().closeAllConnections();
  });

  /** examples/envoy/api.yaml with the page's blocks, on this machine's ports. */
  function configuration(): ApiConfiguration {
    const chosen: Readonly<Record<string, number>> = {
      8443: port,
      8080: (service.address() as AddressInfo).port,
      9902: 0,
      9003: authzPort,
    };
    const put = (yaml: string): unknown =>
      parse(
        yaml
          .replace('/run/credence/agent/public/api.sock', deployment.workloadSocket())
          .replace(/(?<=port_value: )\d+/g, (written) => String(chosen[written] ?? written)),
      );
    const whole = put(readProse('examples/envoy/api.yaml')) as ApiConfiguration;
    const tls = tlsOf(whole);
    tls.tls_certificate_sds_secret_configs[0].sds_config.api_config_source.grpc_services = [put(retryPolicy) as object];
    const anyone = { san_type: 'URI', matcher: { prefix: 'spiffe://example.org/' } };
    tls.combined_validation_context.default_validation_context.match_typed_subject_alt_names = [anyone];
    const manager = whole.static_resources.listeners[0].filter_chains[0].filters[0].typed_config;
    manager.http_filters.unshift(put(authzFilter) as object);
    Object.assign(manager, put(paths));
    whole.static_resources.clusters.push(put(authzCluster) as object);
    return whole;
  }

  let api: Envoy;

  it('is served within seconds of its entry, by the retry policy', async () => {
    api = await Envoy.start(envoy, deployment, configuration());
    await until('it to be refused some times', async () => (await api.count('sds.*update_failure')) >= 8);
    await deployment.createEntry('/api');
    const created = performance.now();
    await until('the listener to have its certificate', async () => (await api.serials()).length > 0);
    const seconds = (performance.now() - created) / 1000;
    console.error(`      ${seconds.toFixed(1)} s after the entry came`);
    assert.ok(seconds < 5);
  });

  it('shows its secrets in /certs, /config_dump and /stats', async () => {
    assert.match(await api.admin('/certs'), /"uri": "spiffe:\/\/example\.org\/api"/);
    const dump = await api.admin('/config_dump?resource=dynamic_active_secrets');
    assert.match(dump, /"name": "spiffe:\/\/example\.org\/api"/);
    assert.doesNotMatch(dump, /PRIVATE KEY/);
    assert.equal(await api.count('sds.*update_rejected'), 0);
    assert.ok((await api.count('sds.*update_success')) >= 2);
  });

  describe('with ext_authz', () => {
    before(async () => {
      for (const name of ['web', 'other']) await deployment.createEntry(`/${name}`, '--hint', name);
    });

    interface Request {
      readonly caller: 'web' | 'other';
      readonly method?: string;
      readonly path?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }

    /** The status, and what the service saw. */
    async function ask({ caller, method = 'GET', path = '/orders', headers = {} }: Request): Promise<[number, string]> {
      const client = new WorkloadApiClient({ address: `unix://${deployment.workloadSocket()}` });
      await using source = await X509Source.create({ client, hint: caller, timeoutMs: 15_000 });
      const agent = new SpiffeAgent({ svid: source, bundles: source, authorize: authorizeId(idOf('api')) });
      const asked = request({ host: '127.0.0.1', port, path, method, headers, agent }).end();
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      const answer: [number, string] = [response.statusCode ?? 0, await text(response)];
      agent.destroy();
      return answer;
    }

    it('refuses everybody while nobody decides', async () => {
      assert.equal((await ask({ caller: 'web' }))[0], 403);
    });

    describe('by examples/envoy/authz.mjs', () => {
      before(async () => {
        const env = { ...process.env, PORT: String(authzPort) };
        const authz = deployment.track(node(join(repository, 'examples/envoy/authz.mjs'), [], { env }));
        await until('it to listen', () => authz.stdout.includes('listening'));
      });

      const saw = (caller: string, url: string): string => JSON.stringify({ url, caller: idOf(caller) });
      const forged = {
        'x-caller': idOf('web'),
        'x-forwarded-client-cert': `By=a;Hash=${'0'.repeat(64)};URI=${idOf('web')}`,
      };
      const cases: readonly (readonly [string, Request, number, string?])[] = [
        ['a member reads', { caller: 'other' }, 200, saw('other', '/orders')],
        ['a query is no other path', { caller: 'web', path: '/orders?a=b' }, 200, saw('web', '/orders?a=b')],
        ['the one that may write writes', { caller: 'web', method: 'POST' }, 200, saw('web', '/orders')],
        ['another member does not', { caller: 'other', method: 'POST' }, 403],
        ['nor by headers of its own', { caller: 'other', method: 'POST', headers: forged }, 403],
        [
          'nor does it become somebody else in reading',
          { caller: 'other', headers: forged },
          200,
          saw('other', '/orders'),
        ],
        ['what no rule names is refused', { caller: 'web', path: '/secret' }, 403],
        ['a method that no rule names is refused', { caller: 'web', method: 'DELETE' }, 403],
        ['a path is settled before it is judged', { caller: 'web', path: '//x/../orders' }, 200, saw('web', '/orders')],
        ['an escaped slash is refused', { caller: 'web', path: '/orders%2fx' }, 400],
      ];
      for (const [title, asked, status, seen] of cases) {
        it(title, async () => {
          const [answered, body] = await ask(asked);
          assert.equal(answered, status, body);
          if (seen !== undefined) assert.equal(body, seen);
        });
      }
    });
  });

  const misplaced = [
    { what: 'roots as certificate', certificate: 'spiffe://example.org', roots: 'spiffe://example.org' },
    { what: 'a certificate as roots', certificate: idOf('api'), roots: idOf('api') },
  ];
  for (const { what, certificate, roots } of misplaced) {
    it(`is quoted in the agent's log when it refuses ${what}, as the page says`, async () => {
      const before = agent.reports.length;
      const misconfigured = await startElsewhere((whole) => {
        name(whole, certificate, roots);
      });
      const { reason } = await until('the refusal', () => recordOf('Envoy refused secrets', before));
      assert.ok(page.includes(`\`${String(reason).trim()}\``), String(reason));
      await misconfigured.child.stop();
    });
  }

  it("is told of in the agent's log when no entry gives what it asks for", async () => {
    const misconfigured = await startElsewhere((whole) => {
      name(whole, idOf('api'), 'file-root:system');
    });
    const { names, identities } = await until('the name', () => recordOf('secrets are held back'));
    assert.match(String(names), /file-root:system/);
    assert.match(String(identities), /spiffe:\/\/example\.org\/api/);
    await misconfigured.child.stop();
  });

  it('takes plain roots when its metadata asks for them', async () => {
    const plain = await startElsewhere((whole) => {
      whole.node.metadata = { disable_spiffe_cert_validation: true };
    });
    await until('the certificate', async () => (await plain.serials()).length > 0);
    const secretsOf = (one: Envoy): Promise<string> => one.admin('/config_dump?resource=dynamic_active_secrets');
    assert.match(await secretsOf(plain), /"trusted_ca"/);
    assert.doesNotMatch(await secretsOf(plain), /envoy\.tls\.cert_validator\.spiffe/);
    assert.match(await secretsOf(api), /envoy\.tls\.cert_validator\.spiffe/);
    await plain.child.stop();
  });

  it('is given the roots of a federated trust domain by ROOTCA, where the agent is configured for Istio', async () => {
    const partner = await TestCa.create('partner.test');
    const bundle = join(deployment.folder, 'partner.pem');
    await writeFile(bundle, partner.bundle().toPem());
    await deployment.admin('bundle', 'set', '--id', 'spiffe://partner.test', '--path', bundle);
    await deployment.createEntry('/sidecar', '--federates-with', 'spiffe://partner.test');
    const sidecar = await startElsewhere((whole) => {
      name(whole, 'default', 'ROOTCA');
    });
    await until('the certificate', async () => (await sidecar.serials()).length > 0);
    await until('the roots', async () => (await sidecar.admin('/certs')).includes('"partner.test: '));
    await sidecar.child.stop();
  });

  /** A second Envoy, whose listener is not called. */
  function startElsewhere(change: (whole: ApiConfiguration) => void): Promise<Envoy> {
    const whole = configuration();
    change(whole);
    Object.assign(whole.static_resources.listeners[0], {
      address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
    });
    return Envoy.start(envoy, deployment, whole);
  }

  function name(whole: ApiConfiguration, certificate: string, roots: string): void {
    const tls = tlsOf(whole);
    tls.tls_certificate_sds_secret_configs[0].name = certificate;
    tls.combined_validation_context.validation_context_sds_secret_config.name = roots;
  }

  const recordOf = (message: string, from = 0): Record<string, unknown> | undefined =>
    agent.reports.slice(from).find(({ msg }) => String(msg).startsWith(message));
});
