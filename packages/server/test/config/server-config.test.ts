import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { isSpiffeError } from '@credence/sdk';
import { kebabCase } from '@credence/sdk/daemon';
import { assertShowsEveryKey, withFile } from '../../../sdk/dist-test/support/config-file.js';
import { runFlags } from '../../dist/config/flags.js';
import { serverFileSchema } from '../../dist/config/schema.js';
import { loadServerConfig } from '../../dist/config/server-config.js';
import type { FederationSettings } from '../../dist/settings.js';

const paths = { dataDirectory: '/default/data', socket: '/default/admin.sock' };
const example = new URL('../../../../examples/config/server.full.yaml', import.meta.url).pathname;

describe('the configuration of the server', () => {
  it("has SPIRE's defaults", async () => {
    const { settings, log } = await loadServerConfig({ trustDomain: 'example.org' }, paths);
    assert.deepEqual(
      { ...settings, trustDomain: settings.trustDomain.name },
      {
        trustDomain: 'example.org',
        dataDir: '/default/data',
        bindAddress: '0.0.0.0',
        bindPort: 8081,
        socketPath: '/default/admin.sock',
        caTtlMs: 86_400_000,
        keyManager: { kind: 'disk', path: '/default/data/keys.json' },
        nodeAttestors: { x509pop: undefined },
        upstreamAuthority: undefined,
        agentPruning: undefined,
        caKeyType: 'ec-p256',
        jwtKeyType: 'ec-p256',
        defaultX509SvidTtlSeconds: 3600,
        defaultJwtSvidTtlSeconds: 300,
        jwtIssuer: undefined,
        disableJwtSvids: false,
        agentTtlSeconds: 3600,
        adminIds: [],
        rateLimit: { attestation: true, signing: true },
        federation: { bundleEndpoint: undefined, relationships: [] },
        metrics: undefined,
        healthChecks: undefined,
      },
    );
    assert.deepEqual(log, { level: 'info', file: undefined });
  });

  it('serves health on loopback, at a port that anybody may open, when it is switched on', async () => {
    const text = (enabled: boolean): string => `
      server: { trust_domain: example.org }
      health_checks: { listener_enabled: ${String(enabled)} }`;
    await withFile(text(false), async (config) => {
      assert.equal((await loadServerConfig({ config }, paths)).settings.healthChecks, undefined);
    });
    await withFile(text(true), async (config) => {
      const { healthChecks } = (await loadServerConfig({ config }, paths)).settings;
      assert.deepEqual(healthChecks, { host: 'localhost', port: 8080, livePath: '/live', readyPath: '/ready' });
    });
  });

  it('serves metrics on loopback, unless told otherwise, at the port that is named', async () => {
    const text = (keys: string): string => `
      server: { trust_domain: example.org }
      telemetry: { Prometheus: { ${keys} } }`;
    for (const [keys, place] of [
      ['port: "9988"', { host: 'localhost', port: 9988 }],
      ['port: 1, host: 0.0.0.0', { host: '0.0.0.0', port: 1 }],
    ] as const) {
      await withFile(text(keys), async (config) => {
        assert.deepEqual((await loadServerConfig({ config }, paths)).settings.metrics, place);
      });
    }
    for (const keys of ['', 'port: 65536', 'port: 1, tls: {}']) {
      await withFile(text(keys), async (config) => {
        await assert.rejects(loadServerConfig({ config }, paths), { code: 'ERR_CONFIG' });
      });
    }
  });

  it('takes a flag before the file and the file before the default', async () => {
    const text =
      'server: { trust_domain: file.org, bind_port: "9000", bind_address: 127.0.0.1, default_x509_svid_ttl: 5m }';
    await withFile(text, async (config) => {
      const { settings } = await loadServerConfig({ config, trustDomain: 'flag.org', port: 0 }, paths);
      assert.equal(settings.trustDomain.name, 'flag.org');
      assert.equal(settings.bindPort, 0);
      assert.equal(settings.bindAddress, '127.0.0.1');
      assert.equal(settings.defaultX509SvidTtlSeconds, 300);
      assert.equal(settings.agentTtlSeconds, 300);
      assert.equal(settings.caTtlMs, 86_400_000);
    });
  });

  it('completes a subject and limits that are given in part', async () => {
    const text = 'server: { trust_domain: a, ca_subject: { organization: [O] }, ratelimit: { signing: false } }';
    await withFile(text, async (config) => {
      const { settings } = await loadServerConfig({ config }, paths);
      assert.deepEqual(settings.caSubject, { country: [], organization: ['O'], commonName: '' });
      assert.deepEqual(settings.rateLimit, { attestation: true, signing: false });
    });
  });

  const wrongFlags = [
    { flags: {}, says: /^--trust-domain is required/ },
    { flags: { trustDomain: 'Example.org' }, says: /^--trust-domain: .*example\.org is accepted$/ },
    { flags: { trustDomain: 'a', port: 65536 }, says: /^--port: not a port; 0 to 65535 is accepted$/ },
    { flags: { trustDomain: 'a', port: -1 }, says: /^--port: not a port/ },
    { flags: { trustDomain: 'a', bindAddress: '1.2.3.4:80' }, says: /^--bind-address: not an address/ },
    { flags: { trustDomain: 'a', dataDir: '' }, says: /^--data-dir: an empty path/ },
    { flags: { trustDomain: 'a', logLevel: 'loud' }, says: /^--log-level: not a level; debug, info, warn, error are/ },
  ];
  for (const { flags, says } of wrongFlags) {
    it(`refuses the flags ${JSON.stringify(flags)} as wrong usage`, async () => {
      await assert.rejects(
        loadServerConfig(flags, paths),
        (error) => isSpiffeError(error, 'ERR_USAGE') && says.test(error.message),
      );
    });
  }

  const wrongKeys = [
    { text: 'ca_ttl: 0s', says: 'server.ca_ttl: "0s" is not a positive duration' },
    { text: 'default_x509_svid_ttl: 1500ms', says: 'server.default_x509_svid_ttl: not whole seconds' },
    { text: 'ca_ttl: 1ms', says: 'server.ca_ttl: not a lifetime; 1s to 87600h (10 years) is accepted' },
    { text: 'ca_ttl: 87601h', says: 'server.ca_ttl: not a lifetime' },
    { text: 'agent_ttl: 90000000h', says: 'server.agent_ttl: not a lifetime' },
    { text: 'default_x509_svid_ttl: 87601h', says: 'server.default_x509_svid_ttl: not a lifetime' },
    { text: 'ca_key_type: ec-p521', says: 'server.ca_key_type: ' },
    { text: 'admin_ids: [spiffe://a/b, http://a/b]', says: 'server.admin_ids.1: ' },
    { text: 'bind_port: 80.5', says: 'server.bind_port: not a port' },
    { text: 'ratelimit: { signin: false }', says: 'unknown key "signin"; did you mean "signing"?' },
    { text: 'jwt_key_type: ed25519', says: 'server.jwt_key_type: ' },
    { text: 'jwt_issuer: ""', says: 'server.jwt_issuer: not an issuer' },
    { text: 'jwt_issuer: "a b:c"', says: 'server.jwt_issuer: not an issuer; https://example.org' },
    { text: 'default_jwt_svid_ttl: 1500ms', says: 'server.default_jwt_svid_ttl: not whole seconds' },
    { text: 'disable_jwt_svids: "no"', says: 'server.disable_jwt_svids: ' },
    { text: 'experimental: {}', says: 'server: unknown key "experimental"' },
    { text: 'federation: { bundle_endpoint: { acme: {} } }', says: 'unknown key "acme"' },
    { text: 'federation: { bundle_endpoint: { profile: {} } }', says: 'not one profile' },
    { text: 'federation: { bundle_endpoint: { refresh_hint: 1500ms } }', says: 'not whole seconds' },
    ...[
      { td: 'B', url: 'https://b/', says: 'server.federation.federates_with.B: ' },
      { td: 'a', url: 'https://b/', says: 'server.federation.federates_with names a, the trust domain of the server' },
      { td: 'b', url: 'http://b/', says: 'bundle_endpoint_url: bundle endpoint: the URL does not begin with https://' },
      { td: 'b', url: 'https://u:p@b/', says: 'user information' },
      { td: 'b', url: 'https://b/', id: 'b', says: 'server.federation.federates_with.b: endpoint_spiffe_id' },
    ].map(({ td, url, id, says }) => {
      const profile = id === undefined ? 'https_web: {}' : `https_spiffe: { endpoint_spiffe_id: ${id} }`;
      const relationship = `{ bundle_endpoint_url: "${url}", bundle_endpoint_profile: { ${profile} } }`;
      return { text: `federation: { federates_with: { ${td}: ${relationship} } }`, says };
    }),
  ];
  it('gives JWT authorities the key type of X.509 authorities, unless they have one of their own', async () => {
    const read = async (keys: string): Promise<readonly string[]> =>
      withFile(`server: { trust_domain: a, ${keys} }`, async (config) => {
        const { settings } = await loadServerConfig({ config }, paths);
        return [settings.caKeyType, settings.jwtKeyType];
      });
    assert.deepEqual(await read('ca_key_type: EC-P384'), ['ec-p384', 'ec-p384']);
    assert.deepEqual(await read('ca_key_type: ec-p384, jwt_key_type: RSA-2048'), ['ec-p384', 'rsa-2048']);
  });

  it('has an upstream authority, and prunes agents, when it is told', async () => {
    const text = `server: { trust_domain: a, prune_attested_nodes_expired_for: 1h, prune_tofu_nodes: true }
plugins: { UpstreamAuthority: { disk: { plugin_data: { cert_file_path: /c, key_file_path: /k } } } }`;
    await withFile(text, async (config) => {
      const { settings } = await loadServerConfig({ config }, paths);
      assert.deepEqual(settings.agentPruning, { expiredForMs: 3_600_000, includeTofu: true, batchSize: 1000 });
      const upstream = { kind: 'disk', certificatePath: '/c', keyPath: '/k', bundlePath: undefined };
      assert.deepEqual(settings.upstreamAuthority, upstream);
    });
  });

  it('reads where our bundle is published, and those of others are fetched (FED-5.2.1.1-a, FED-5.2.2.1-a)', async () => {
    const read = async (federation: string): Promise<FederationSettings> =>
      withFile(`server: { trust_domain: a, federation: ${federation} }`, async (config) => {
        return (await loadServerConfig({ config }, paths)).settings.federation;
      });
    assert.deepEqual(await read('{}'), { bundleEndpoint: undefined, relationships: [] });
    const { bundleEndpoint } = await read('{ bundle_endpoint: }');
    const defaults = { address: '0.0.0.0', port: 8443, refreshHintSeconds: 300 };
    assert.deepEqual(bundleEndpoint, { ...defaults, profile: { kind: 'https_spiffe' } });
    const files = '{ serving_cert_file: { cert_file_path: /c, key_file_path: /k, file_sync_interval: 1h } }';
    const web = await read(`{ bundle_endpoint: { port: 1, profile: { https_web: ${files} } } }`);
    const profile = { kind: 'https_web', certificatePath: '/c', keyPath: '/k', syncIntervalMs: 3_600_000 };
    assert.deepEqual(web.bundleEndpoint, { ...defaults, port: 1, profile });
    const asked = '{ https_spiffe: { endpoint_spiffe_id: spiffe://b/endpoint } }';
    const { relationships } = await read(
      `{ federates_with: { b: { bundle_endpoint_url: "https://b/", bundle_endpoint_profile: ${asked} } } }`,
    );
    assert.deepEqual(JSON.parse(JSON.stringify(relationships)), [
      {
        trustDomain: 'b',
        endpointUrl: 'https://b/',
        profile: { kind: 'https_spiffe', endpointId: 'spiffe://b/endpoint' },
      },
    ]);
  });

  it('takes lifetimes from one second to ten years', async () => {
    const text = 'server: { trust_domain: a, ca_ttl: 87600h, default_x509_svid_ttl: 87600h, agent_ttl: 1s }';
    await withFile(text, async (config) => {
      const { settings } = await loadServerConfig({ config }, paths);
      assert.equal(settings.caTtlMs, 315_360_000_000);
      assert.equal(settings.defaultX509SvidTtlSeconds, 315_360_000);
      assert.equal(settings.agentTtlSeconds, 1);
    });
  });

  for (const { text, says } of wrongKeys) {
    it(`refuses the key ${text}`, async () => {
      await withFile(`server:\n  trust_domain: a\n  ${text}\n`, (config) =>
        assert.rejects(
          loadServerConfig({ config }, paths),
          (error) => isSpiffeError(error, 'ERR_CONFIG') && error.message.includes(says),
        ),
      );
    });
  }

  for (const flag of Object.keys(runFlags).filter((name) => !['config', 'expandEnv'].includes(name))) {
    it(`reads --${kebabCase(flag)} as a key of the file`, async () => {
      const says = `--${kebabCase(flag)}: `;
      await assert.rejects(
        loadServerConfig({ trustDomain: 'a', [flag]: {} }, paths),
        (error) => isSpiffeError(error, 'ERR_USAGE') && error.message.startsWith(says),
      );
    });
  }

  it('is documented by an example with each key, whose values are the defaults', async () => {
    const text = await readFile(example, 'utf8');
    const defaults = await loadServerConfig({ trustDomain: 'example.org' }, paths);
    assert.deepEqual(await loadServerConfig({ config: example }, paths), defaults);
    await assertShowsEveryKey(text, serverFileSchema);
  });
});
