import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { isSpiffeError } from '@credence/sdk';
import { kebabCase } from '@credence/sdk/daemon';
import { assertShowsEveryKey, withFile } from '../../sdk/dist-test/support/config-file.js';
import { loadServerConfig, runFlags, serverFileSchema } from '../dist/config.js';

const paths = { dataDirectory: '/default/data', socket: '/default/admin.sock' };
const example = new URL('../../../examples/config/server.full.yaml', import.meta.url).pathname;

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
        caKeyType: 'ec-p256',
        defaultX509SvidTtlSeconds: 3600,
        agentTtlSeconds: 3600,
        adminIds: [],
        rateLimit: { attestation: true, signing: true },
      },
    );
    assert.deepEqual(log, { level: 'info', file: undefined });
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
    { text: 'jwt_issuer: x', says: 'server: unknown key "jwt_issuer"' },
  ];
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

  for (const flag of Object.keys(runFlags).filter((name) => name !== 'config')) {
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
