// `agent purge` of the real spire-server command and of ours, on our server: they find and print the same.
import assert from 'node:assert/strict';
import { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { NodePki } from '../support/node-pki.js';
import { until } from '../support/until.js';
import { endOf, program } from './programs.js';

describe('agent purge, by the real spire-server command and by ours', function () {
  let deployment: Deployment;
  let pki: NodePki;
  let spireServer: string;

  before(async function () {
    spireServer = program(this, 'spire-server');
    deployment = await Deployment.create();
    pki = await NodePki.create(deployment.folder);
    await deployment.startServer({
      config: { agent_ttl: '4s', ratelimit: { attestation: false } },
      plugins: { NodeAttestor: { x509pop: { plugin_data: { ca_bundle_path: pki.bundlePath } } } },
    });
  });
  after(() => endOf(deployment));

  const attestOnce = async (name: string): Promise<void> => {
    const plugins = { NodeAttestor: { x509pop: { plugin_data: await pki.node(name) } } };
    const flags = ['--trust-bundle', await deployment.writeBundle()];
    await (await deployment.startAgent({ name, token: false, plugins, flags })).stop();
  };
  const theirs = async (...flags: string[]): Promise<string> => {
    const args = ['agent', 'purge', '-socketPath', deployment.adminSocket, ...flags];
    const { code, stdout, stderr } = await new Child(spireServer, args).finished;
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const ours = (...flags: string[]): Promise<string> => deployment.admin('agent', 'purge', ...flags);
  const same = async (...flags: string[]): Promise<string> => {
    const text = await theirs(...flags);
    assert.equal(await ours(...flags), text);
    return text;
  };

  it('finds nothing where nothing has expired', async () => {
    await attestOnce('living');
    assert.equal(await same(), 'No agents to purge.\n');
    assert.equal(await same('-output', 'json'), '{"expired_agents":[]}\n');
  });

  it('shows what it would evict, and evicts it; agents that joined by token stay', async () => {
    await (await deployment.startAgent({ name: 'by-token' })).stop();
    await attestOnce('second');
    const expired = ['-expiredFor', '1s'];
    await until('two agents to expire', async () =>
      (await ours(...expired, '-dryRun')).includes('Found 2 expired agents'),
    );
    assert.match(
      await same(...expired, '-dryRun'),
      /^Found 2 expired agents\n\n\nAgents that can be purged:\nSPIFFE ID /,
    );
    assert.match(await same(...expired, '-dryRun', '-output', 'json'), /"deleted":false\}\]\}\n$/);
    const evicted = await ours(...expired);
    assert.match(evicted, /^Found 2 expired agents\n\nAgents purged:\nSPIFFE ID {9}: .*\nSPIFFE ID {9}: .*\n$/);
    assert.equal(await deployment.admin('agent', 'count'), '1 attested agent\n');

    await attestOnce('second');
    await until('it to expire again', async () =>
      (await ours(...expired, '-dryRun')).includes('Found 1 expired agent\n'),
    );
    assert.match(await theirs(...expired), /^Found 1 expired agent\n\nAgents purged:\nSPIFFE ID /);
  });
});
