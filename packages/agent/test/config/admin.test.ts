import assert from 'node:assert/strict';
import { withFile } from '../../../sdk/dist-test/support/config-file.js';
import { loadAgentConfig } from '../../dist/config/agent-config.js';
import type { AgentSettings } from '../../dist/settings.js';

const paths = { dataDirectory: '/default/data', socket: '/run/agent/public/api.sock' };

async function load(agent: object): Promise<AgentSettings> {
  const required = { trust_domain: 'example.org', server_address: '127.0.0.1' };
  return withFile(JSON.stringify({ agent: { ...required, ...agent } }), async (config) => {
    const { settings } = await loadAgentConfig({ config }, { paths, readInput: () => Promise.resolve('') });
    return settings;
  });
}

describe('admin_socket_path', () => {
  it('is where the admin socket is', async () => {
    const path = '/run/agent/private/a.sock';
    assert.equal((await load({ admin_socket_path: path })).adminSocketPath, path);
  });

  it('is by default where commands look for it, unless the agent has a public socket of its own', async () => {
    assert.equal((await load({})).adminSocketPath, '/run/agent/private/admin.sock');
    assert.equal((await load({ socket_path: '/srv/s/api.sock' })).adminSocketPath, undefined);
  });

  it('is refused where workloads are, be it the default place', async () => {
    await assert.rejects(load({ admin_socket_path: '/run/agent/public/admin.sock' }), { code: 'ERR_CONFIG' });
    const both = { socket_path: '/srv/s/api.sock', admin_socket_path: '/srv/s/sub/admin.sock' };
    await assert.rejects(load(both), { code: 'ERR_CONFIG' });
  });
});

describe('authorized_delegates', () => {
  it('are SPIFFE IDs of the own trust domain', async () => {
    const { authorizedDelegates } = await load({ authorized_delegates: ['spiffe://example.org/cilium-agent'] });
    assert.deepEqual(authorizedDelegates.map(String), ['spiffe://example.org/cilium-agent']);
    await assert.rejects(load({ authorized_delegates: ['spiffe://other.test/a'] }), {
      message: /authorized_delegates: spiffe:\/\/other.test\/a is of another trust domain; members of example.org are/,
    });
    await assert.rejects(load({ authorized_delegates: ['example.org/a'] }), /authorized_delegates/);
  });
});

describe('experimental.ratelimit', () => {
  it('is a number of calls a second for each call, 0 for any', async () => {
    const ratelimit = {
      ...{ fetch_x509_svid: 1, fetch_x509_bundles: 2, fetch_jwt_svid: 3, fetch_jwt_bundles: 0 },
      ...{ stream_secrets: 5, fetch_secrets: 6 },
    };
    assert.deepEqual((await load({ experimental: { ratelimit } })).rateLimits, {
      ...{ fetchX509Svid: 1, fetchX509Bundles: 2, fetchJwtSvid: 3, fetchJwtBundles: 0 },
      ...{ streamSecrets: 5, fetchSecrets: 6 },
    });
  });

  for (const wrong of [-1, 1.5, 'many']) {
    it(`refuses ${JSON.stringify(wrong)}`, async () => {
      await assert.rejects(load({ experimental: { ratelimit: { fetch_jwt_svid: wrong } } }), { code: 'ERR_CONFIG' });
    });
  }
});
