// A real spire-server below our server: its upstream authority plugin "spire" gets its certificate from us.
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TrustDomain, X509Bundle, X509BundleSet, verifyX509Svid } from '@credence/sdk';
import { Certificate } from '@credence/sdk/x509';
import { Child } from '../support/child.js';
import { Deployment, trustDomain } from '../support/deployment.js';
import { until } from '../support/until.js';
import { program } from './programs.js';

describe('a real spire-server below our server', function () {
  let deployment: Deployment;
  let nested: Deployment;
  let spireServer: string;

  before(async function () {
    spireServer = program(this, 'spire-server');
    deployment = await Deployment.create();
    nested = await Deployment.create();
    await deployment.startServer();
    await deployment.startAgent();
    await mkdir(join(nested.folder, 'server'));
  });
  after(async () => {
    await nested[Symbol.asyncDispose]();
    await deployment[Symbol.asyncDispose]();
  });

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
