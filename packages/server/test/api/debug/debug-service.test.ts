import assert from 'node:assert/strict';
import { ManualClock } from '@credence/sdk/testing';
import { call, TestServer } from '../support/test-server.js';

describe('the Debug service', () => {
  it('shows the chain of the server with its root, how long it runs, and what it holds', async () => {
    const clock = new ManualClock();
    await using server = await TestServer.start({ clock });
    const started = clock.now().getTime() / 1000;
    const { debug, agents } = server.local;
    const info = await call(debug, 'GetInfo', {});
    const [leaf, root] = info.svid_chain;
    assert.equal(info.svid_chain.length, 2);
    assert.deepEqual(leaf, {
      id: { trust_domain: 'example.org', path: '/spire/server' },
      expires_at: String(started + 3600),
      subject: 'O=SPIRE,C=US',
    });
    assert.deepEqual(root?.id, { trust_domain: 'example.org', path: '' });
    assert.match(root.subject, /^SERIALNUMBER=\d+,O=SPIFFE,C=US$/);
    assert.deepEqual([info.uptime, info.agents_count, info.entries_count, info.federated_bundles_count], [0, 0, 0, 1]);

    await call(agents, 'CreateJoinToken', { ttl: 60, agent_id: { trust_domain: 'example.org', path: '/node' } });
    await clock.advance(4000);
    assert.deepEqual(await call(debug, 'GetInfo', {}), info);
    await clock.advance(1000);
    const later = await call(debug, 'GetInfo', {});
    assert.deepEqual([later.uptime, later.entries_count], [5, 1]);
  });
});
