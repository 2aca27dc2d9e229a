// What a server deletes by itself: expired entries, and agents that have been gone for long.
import assert from 'node:assert/strict';
import { Deployment, trustDomain } from '../support/deployment.js';
import { NodePki } from '../support/node-pki.js';
import { until } from '../support/until.js';

interface ListedAgent {
  readonly id: { readonly path: string };
  /** In seconds since 1970. */
  readonly x509svid_expires_at: string;
}

describe('a server prunes', () => {
  let deployment: Deployment;
  let pki: NodePki;

  before(async () => {
    deployment = await Deployment.create();
    pki = await NodePki.create(deployment.folder);
  });
  after(() => deployment[Symbol.asyncDispose]());

  const start = (config: object = {}) =>
    deployment.startServer({
      config: { agent_ttl: '4s', ratelimit: { attestation: false }, ...config },
      plugins: { NodeAttestor: { x509pop: { plugin_data: { ca_bundle_path: pki.bundlePath } } } },
    });
  const agents = async (): Promise<readonly ListedAgent[]> => {
    const out = await deployment.admin('agent', 'list', '--output', 'json');
    return (JSON.parse(out) as { agents: ListedAgent[] }).agents;
  };
  const agentIds = async (): Promise<readonly string[]> => (await agents()).map(({ id }) => id.path);
  const attestOnce = async (name: string): Promise<string> => {
    const before = await agentIds();
    const plugins = { NodeAttestor: { x509pop: { plugin_data: await pki.node(name) } } };
    const flags = ['--trust-bundle', await deployment.writeBundle()];
    await (await deployment.startAgent({ name, token: false, plugins, flags })).stop();
    return (await agentIds()).find((path) => !before.includes(path)) ?? '';
  };

  it('agents that could attest again, tofu agents only when told, banned ones never; and expired entries', async () => {
    let server = await start();
    const [gone, banned] = [await attestOnce('gone'), await attestOnce('banned')];
    await (await deployment.startAgent({ name: 'by-token' })).stop();
    await deployment.admin('agent', 'ban', '--spiffe-id', `spiffe://${trustDomain}${banned}`);
    const inThePast = String(Math.floor(Date.now() / 1000) - 60);
    const kept = await deployment.createEntry('/kept');
    const expired = await deployment.createEntry('/expired', '--entry-expiry', inThePast);
    const byToken = (await agentIds()).find((path) => path.includes('/join_token/'));
    assert.equal((await agentIds()).length, 3);
    await until('all to have been expired for two seconds', async () =>
      (await agents()).every(({ x509svid_expires_at: seconds }) => Number(seconds) < Date.now() / 1000 - 2),
    );
    await server.stop();

    server = await start({ prune_attested_nodes_expired_for: '1s', prune_attested_nodes_batch_size: 1 });
    await until('the agent to be pruned', async () => !(await agentIds()).includes(gone));
    assert.deepEqual(new Set(await agentIds()), new Set([banned, byToken]));
    const entries = await deployment.admin('entry', 'show');
    assert.ok(entries.includes(kept) && !entries.includes(expired), entries);
    await server.stop();

    await start({ prune_attested_nodes_expired_for: '1s', prune_tofu_nodes: true });
    await until('the tofu agent to be pruned', async () => (await agentIds()).length === 1);
    assert.deepEqual(await agentIds(), [banned]);
    assert.ok(!(await deployment.admin('entry', 'show')).includes('/join_token/'), 'the alias of the token is left');
  }).timeout(60_000);
});
