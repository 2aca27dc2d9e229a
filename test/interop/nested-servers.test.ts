// A real spire-server below our server, and ours below a real one: the upstream authority "spire" of either side.
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TrustDomain, X509Bundle, X509BundleSet, verifyX509Svid } from '@credence/sdk';
import { Certificate } from '@credence/sdk/x509';
import { Child } from '../support/child.js';
import { Deployment, trustDomain } from '../support/deployment.js';
import { until } from '../support/until.js';
import { endOf, program } from './programs.js';
import { startSpireServer, type SpireCommand } from './real-spire-server.js';

describe('a real spire-server below our server', function () {
  let deployment: Deployment;
  let nested: Deployment;
  let spireServer: string;

  before(async function () {
    deployment = await Deployment.create();
    nested = await Deployment.create();
    spireServer = program(this, 'spire-server');
    await deployment.startServer();
    await deployment.startAgent();
    await mkdir(join(nested.folder, 'server'));
  });
  after(() => endOf(nested, deployment));

  const config = (): string => `
server {
  bind_address = "127.0.0.1"
  bind_port = "${String(nested.port)}"
  trust_domain = "${trustDomain}"
  data_dir = "${nested.folder}/server"
  socket_path = "${nested.adminSocket}"
  log_level = "DEBUG"
}
plugins {
  DataStore "sql" { plugin_data { database_type = "sqlite3", connection_string = "${nested.folder}/server/d.sqlite3" } }
  KeyManager "memory" { plugin_data {} }
  NodeAttestor "join_token" { plugin_data {} }
  UpstreamAuthority "spire" { plugin_data {
    server_address = "127.0.0.1"
    server_port = "${String(deployment.port)}"
    workload_api_socket = "${deployment.workloadSocket()}"
  } }
}`;
  const spire = (...args: string[]) => new Child(spireServer, [...args, '-socketPath', nested.adminSocket]).finished;
  const start = async (): Promise<Child> => {
    const file = join(nested.folder, 'spire-server.conf');
    await writeFile(file, config());
    return nested.track(new Child(spireServer, ['run', '-config', file]));
  };

  it('is refused while its entry is not that of a downstream server', async () => {
    const id = await deployment.createEntry('/nested');
    await deployment.agent('api', 'fetch', 'x509', '--socket-path', deployment.workloadSocket());
    const { code, stdout } = await (await start()).finished;
    assert.notEqual(code, 0);
    assert.match(stdout, /PermissionDenied.*authorization denied for method .*NewDownstreamX509CA/);
    await deployment.admin('entry', 'delete', '--entry-id', id);
  });

  it('has the same roots, and what it signs verifies with ours; so do its JWT authorities', async () => {
    await deployment.createEntry('/nested', '--downstream');
    const server = await start();
    await until('spire-server to serve', async () => {
      if (!server.running) throw new Error(`it ended: ${server.stdout.slice(-3000)}`);
      return (await spire('healthcheck')).code === 0;
    });
    const pem = await deployment.admin('bundle', 'show');
    assert.equal((await spire('bundle', 'show')).stdout, pem);

    await spire('x509', 'mint', '-spiffeID', `spiffe://${trustDomain}/below`, '-write', nested.folder);
    const chain = Certificate.parsePem(await readFile(join(nested.folder, 'svid.pem'), 'utf8'));
    assert.equal(chain.length, 2);
    const roots = X509Bundle.parsePem(TrustDomain.parse(trustDomain), pem);
    const peer = verifyX509Svid(
      chain.map(({ raw }) => raw),
      X509BundleSet.of(roots),
    );
    assert.equal(peer.id.toString(), `spiffe://${trustDomain}/below`);
    const [authority] = roots.authorities;
    assert.deepEqual(chain[1]?.authorityKeyId, authority?.subjectKeyId);
    assert.ok(JSON.stringify(chain[1]?.toJSON()).includes('OU=DOWNSTREAM-1'));

    const jwks = (text: string): readonly unknown[] =>
      (JSON.parse(text) as { keys: { use: string; kid?: string }[] }).keys.filter(({ use }) => use === 'jwt-svid');
    const theirs = jwks((await spire('bundle', 'show', '-format', 'spiffe')).stdout);
    const ours = jwks(await deployment.admin('bundle', 'show', '--format', 'spiffe'));
    assert.equal(ours.length, 2);
    assert.equal(theirs.length, 2);
  });
});

describe('our server below a real spire-server', function () {
  let top: Deployment;
  let nested: Deployment;
  let spire: SpireCommand;

  before(async function () {
    top = await Deployment.create();
    nested = await Deployment.create();
    spire = await startSpireServer(this, top);
    await top.createEntry('/nested', '--downstream');
    await top.startAgent();
    await until('the identity of a downstream server', async () => {
      return (await top.agent('api', 'fetch', 'x509', '--socket-path', top.workloadSocket())).code === 0;
    });
    const upstream = { server_address: '127.0.0.1', server_port: top.port, workload_api_socket: top.workloadSocket() };
    await nested.startServer({ plugins: { UpstreamAuthority: { spire: { plugin_data: upstream } } } });
  });
  after(() => endOf(nested, top));

  const issuerOfMinted = async (): Promise<Certificate> => {
    const id = `spiffe://${trustDomain}/below`;
    await nested.admin('x509', 'mint', '--spiffe-id', id, '--write', nested.folder);
    const chain = Certificate.parsePem(await readFile(join(nested.folder, 'svid.pem'), 'utf8'));
    const roots = X509Bundle.parsePem(TrustDomain.parse(trustDomain), (await spire('bundle', 'show')).stdout);
    const peer = verifyX509Svid(
      chain.map(({ raw }) => raw),
      X509BundleSet.of(roots),
    );
    assert.equal(peer.id.toString(), id);
    return chain[1] ?? assert.fail('no chain');
  };

  it('has its roots, what we sign verifies with them, and our JWT authorities are there', async () => {
    assert.equal(await nested.admin('bundle', 'show'), (await spire('bundle', 'show')).stdout);
    assert.ok(JSON.stringify(await issuerOfMinted()).includes('OU=DOWNSTREAM-1'));
    const kids = (text: string): string[] => [...text.matchAll(/"kid": "(\w+)"/g)].map(([, kid]) => kid ?? '').sort();
    const theirs = kids((await spire('bundle', 'show', '-format', 'spiffe')).stdout);
    assert.equal(theirs.length, 2);
    assert.deepEqual(kids(await nested.admin('bundle', 'show', '--format', 'spiffe')), theirs);
  });

  it('follows its forced rotation', async () => {
    const step = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await spire('localauthority', 'x509', ...args);
      assert.equal(code, 0, stderr);
      return /Authority ID: (\w+)/.exec(stdout)?.[1] ?? assert.fail(stdout);
    };
    const old = await step('show');
    const active = await step('activate', '-authorityID', await step('prepare'));
    await step('taint', '-authorityID', old);
    await until('an authority below the new root', async () => {
      return (await issuerOfMinted()).authorityKeyId?.toString('hex') === active;
    });
    await step('revoke', '-authorityID', old);
    const pem = (await spire('bundle', 'show')).stdout;
    await until('the same roots', async () => (await nested.admin('bundle', 'show')) === pem);
  });
});
