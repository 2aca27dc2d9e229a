// A real spire-agent on our server gets JWT-SVIDs for its workloads, validates them, and follows forced rotations.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { X509Source } from '@credence/sdk';
import { Child } from '../support/child.js';
import { Deployment, trustDomain } from '../support/deployment.js';
import { until } from '../support/until.js';
import { program } from './programs.js';

describe('a real spire-agent on our server: JWT-SVIDs and tainted authorities', function () {
  let deployment: Deployment;
  let spireAgent: string;
  let socket: string;

  before(async function () {
    spireAgent = program(this, 'spire-agent');
    deployment = await Deployment.create();
    await deployment.startServer();
    socket = join(deployment.folder, 'spire-agent.sock');
    const configFile = join(deployment.folder, 'spire-agent.conf');
    await writeFile(configFile, config(await deployment.writeBundle()));
    const token = await deployment.generateToken('/spire-node');
    const agent = deployment.track(new Child(spireAgent, ['run', '-config', configFile, '-joinToken', token]));
    await until(
      'spire-agent to serve',
      async () => {
        if (!agent.running) throw new Error(`it ended: ${agent.stdout.slice(-3000)}`);
        return (await new Child(spireAgent, ['healthcheck', '-socketPath', socket]).finished).code === 0;
      },
      30,
    );
    const parent = ['--parent-id', `spiffe://${trustDomain}/spire-node`];
    await deployment.createEntry('/jwt', ...parent, '--jwt-svid-ttl', '90', '--jwt-svid-include-jti');
  });
  after(() => deployment[Symbol.asyncDispose]());

  const config = (bundle: string): string => `
agent {
  data_dir = "${join(deployment.folder, 'spire-agent')}"
  server_address = "127.0.0.1"
  server_port = "${String(deployment.port)}"
  socket_path = "${socket}"
  trust_bundle_path = "${bundle}"
  trust_domain = "${trustDomain}"
  experimental { sync_interval = "1s" }
}
plugins {
  NodeAttestor "join_token" { plugin_data {} }
  KeyManager "memory" { plugin_data {} }
  WorkloadAttestor "unix" { plugin_data {} }
}`;

  const api = (...args: string[]) => new Child(spireAgent, ['api', ...args, '-socketPath', socket]).finished;

  /** The token that the agent gives this process, once it knows the entry. */
  const fetchToken = (): Promise<string> =>
    until(
      'a JWT-SVID',
      async () => {
        const { stdout, code } = await api('fetch', 'jwt', '-audience', 'api', '-output', 'json');
        if (code !== 0) return false;
        const [{ svids }] = JSON.parse(stdout) as [{ svids: { svid: string }[] }];
        return svids[0]?.svid ?? false;
      },
      30,
    );
  const validate = (token: string) => api('validate', 'jwt', '-audience', 'api', '-svid', token);

  it('fetches them by the entry, and validates them by the bundle', async () => {
    const token = await fetchToken();
    const { aud, exp, iat, jti, sub, ...rest } = decodeJwt(token);
    assert.deepEqual([aud, sub, exp! - iat!, rest], [['api'], `spiffe://${trustDomain}/jwt`, 90, {}]);
    assert.match(jti!, /^[\w-]{22}$/);
    const { stdout, stderr, code } = await validate(token);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^SVID is valid\.\nSPIFFE ID : spiffe:\/\/example\.org\/jwt\n/);
    const forged = await validate(`${token.slice(0, -6)}${token.endsWith('AAAAAA') ? 'BBBBBB' : 'AAAAAA'}`);
    assert.notEqual(forged.code, 0);
  });

  it('replaces what a tainted JWT authority signed, and refuses it once the authority is revoked', async () => {
    const old = await fetchToken();
    const first = await idOf('jwt', 'show');
    await deployment.admin('localauthority', 'jwt', 'activate', '-authorityID', await idOf('jwt', 'prepare'));
    await deployment.admin('localauthority', 'jwt', 'taint', '-authorityID', first);
    await until('another token', async () => (await fetchToken()) !== old, 30);
    await deployment.admin('localauthority', 'jwt', 'revoke', '-authorityID', first);
    await until('the old token to be refused', async () => (await validate(old)).code !== 0, 30);
    assert.equal((await validate(await fetchToken())).code, 0);
  });

  it('replaces what a tainted X.509 authority signed', async () => {
    await using source = await X509Source.create({ address: `unix://${socket}` });
    const signer = (): string => source.getX509Svid().leaf.authorityKeyId!.toString('hex');
    const first = await idOf('x509', 'show');
    assert.equal(signer(), first);
    const next = await idOf('x509', 'prepare');
    const known = (): boolean =>
      source
        .getX509BundleForTrustDomain(source.getX509Svid().id.trustDomain)
        .authorities.some(({ subjectKeyId }) => subjectKeyId?.toString('hex') === next);
    await until('the new authority to be known', known, 30);
    await deployment.admin('localauthority', 'x509', 'activate', '-authorityID', next);
    await deployment.admin('localauthority', 'x509', 'taint', '-authorityID', first);
    await until('an SVID of the new authority', () => signer() === next, 30);
    await deployment.admin('localauthority', 'x509', 'revoke', '-authorityID', first);
    assert.equal((await validate(await fetchToken())).code, 0);
  });

  /** The first authority that the command names. */
  async function idOf(kind: string, verb: string): Promise<string> {
    return /Authority ID: (\w+)/.exec(await deployment.admin('localauthority', kind, verb))![1]!;
  }
});
