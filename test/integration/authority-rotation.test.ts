// The forced rotation of the X.509 authority, as an operator does it when a key is suspected: everything that the old
// authority signed is replaced within seconds, long before it would have been, and nobody is without an identity.
import assert from 'node:assert/strict';
import { X509Source } from '@credence/sdk';
import { Admin } from '../support/admin.js';
import { Deployment } from '../support/deployment.js';
import { call } from '../support/grpc.js';
import { until } from '../support/until.js';

describe('the forced rotation of an X.509 authority', () => {
  let deployment: Deployment;
  before(async () => {
    deployment = await Deployment.create();
  });
  after(() => deployment[Symbol.asyncDispose]());

  it('replaces the SVIDs of workloads, of the agent and of the server, and then the old authority verifies nobody', async () => {
    await deployment.startServer();
    const agent = await deployment.startAgent();
    await deployment.createEntry('/web');
    using admin = new Admin(deployment.adminSocket);
    const { localAuthorities } = admin;
    await using source = await X509Source.create({ address: `unix://${deployment.workloadSocket()}` });
    const signer = (): string => source.getX509Svid().leaf.authorityKeyId!.toString('hex');
    const agentSerial = async (): Promise<string> =>
      (await call(admin.agents, 'ListAgents', {})).agents[0]!.x509svid_serial_number;
    const serialBefore = await agentSerial();

    const old = (await call(localAuthorities, 'GetX509AuthorityState', {})).active!.authority_id;
    assert.equal(signer(), old);
    const prepared = await call(localAuthorities, 'PrepareX509Authority', {});
    const next = prepared.prepared_authority!.authority_id;
    await until('the workload to know the new authority', () => published(source).includes(next));
    await call(localAuthorities, 'ActivateX509Authority', { authority_id: next });
    assert.equal(signer(), old, 'what was signed goes on');

    await call(localAuthorities, 'TaintX509Authority', { authority_id: old });
    await until('the workload to have an SVID of the new authority', () => signer() === next);
    await until('the agent to have one', async () => (await agentSerial()) !== serialBefore);
    assert.ok(published(source).includes(old), 'what it signed still verifies');

    await call(localAuthorities, 'RevokeX509Authority', { authority_id: old });
    await until('the old authority to be gone', () => !published(source).includes(old));
    assert.equal(signer(), next);
    await deployment.createEntry('/after');
    await until('the agent to be in step', () => source.context.svids.length === 2);
    assert.ok(agent.running);
  }).timeout(60_000);
});

function published(source: X509Source): readonly string[] {
  const { trustDomain } = source.getX509Svid().id;
  const { authorities } = source.getX509BundleForTrustDomain(trustDomain);
  return authorities.map(({ subjectKeyId }) => subjectKeyId!.toString('hex'));
}
