// Agents that exchange an X.509-SVID of the trust domain, which another agent gives them, for one of their own.
import assert from 'node:assert/strict';
import { Deployment, trustDomain } from '../support/deployment.js';

describe('an agent that attests by the X.509-SVID of another agent', () => {
  let deployment: Deployment;

  before(async () => {
    deployment = await Deployment.create();
    const x509pop = { mode: 'spiffe', agent_path_template: '/{{ .SVIDPathTrimmed | lower }}' };
    await deployment.startServer({
      config: { ratelimit: { attestation: false } },
      plugins: { NodeAttestor: { x509pop: { plugin_data: x509pop } } },
    });
    await deployment.startAgent();
  });
  after(() => deployment[Symbol.asyncDispose]());

  const options = async (name: string) => ({
    name,
    token: false,
    plugins: {
      NodeAttestor: {
        x509pop: { plugin_data: { spiffe_endpoint_socket: `unix://${deployment.workloadSocket()}` } },
      },
    },
    flags: ['--trust-bundle', await deployment.writeBundle()],
  });
  const ids = async (): Promise<string> => deployment.admin('agent', 'list');

  it('is named as the template says', async () => {
    const entry = await deployment.createEntry('/spire-exchange/Rack/Seven');
    await deployment.agent('api', 'fetch', 'x509', '--socket-path', deployment.workloadSocket());
    const agent = await deployment.startAgent(await options('exchanged'));
    assert.ok((await ids()).includes(`spiffe://${trustDomain}/spire/agent/rack/seven\n`));
    await agent.stop();
    await deployment.admin('entry', 'delete', '--entry-id', entry);
  });

  it('does not become an agent of another node attestor', async () => {
    const [joined] = /\/spire\/agent\/join_token\/[\w-]+/.exec(await ids()) ?? assert.fail();
    await deployment.createEntry(joined.replace('/spire/agent', '/spire-exchange'));
    const agent = await deployment.launchAgent(await options('impostor'));
    const { code, stdout, stderr } = await agent.finished;
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /is an agent of another node attestor/);
  });
});
