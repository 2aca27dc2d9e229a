import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { isSpiffeError } from '@credence/sdk';
import { kebabCase } from '@credence/sdk/daemon';
import { assertShowsEveryKey, withFile } from '../../../sdk/dist-test/support/config-file.js';
import { loadAgentConfig, type AgentConfig } from '../../dist/config/agent-config.js';
import { runFlags, type AgentFlags } from '../../dist/config/flags.js';
import { agentFileSchema } from '../../dist/config/schema.js';
import { defaultAgentSettings } from '../../dist/settings.js';

const paths = { dataDirectory: '/default/data', socket: '/default/api.sock' };
const example = new URL('../../../../examples/config/agent.full.yaml', import.meta.url).pathname;
const required = { trustDomain: 'example.org', serverAddress: '127.0.0.1' };

function load(flags: AgentFlags, input = ''): Promise<AgentConfig> {
  return loadAgentConfig(flags, { paths, readInput: () => Promise.resolve(input) });
}

describe('the configuration of the agent', () => {
  it("has SPIRE's defaults", async () => {
    const { settings, log } = await load(required);
    assert.deepEqual(
      { ...settings, trustDomain: settings.trustDomain.name },
      {
        trustDomain: 'example.org',
        serverAddress: '127.0.0.1',
        serverPort: 8081,
        dataDir: '/default/data',
        socketPath: '/default/api.sock',
        trustBundle: undefined,
        rebootstrap: { mode: 'never', delayMs: 600_000 },
        nodeAttestation: { kind: 'join_token', token: undefined },
        syncIntervalMs: 5000,
        watchChanges: true,
        workloadKeyType: 'ec-p256',
        persistWorkloadIdentities: false,
        availabilityTargetMs: undefined,
        x509SvidCacheMaxSize: 1000,
        jwtSvidCacheMaxSize: 1000,
        allowUnauthenticatedVerifiers: false,
        allowedForeignJwtClaims: [],
        rateLimits: defaultAgentSettings.rateLimits,
        adminSocketPath: '/private/admin.sock',
        authorizedDelegates: [],
        sds: {
          defaultSvidName: 'default',
          defaultBundleName: 'ROOTCA',
          defaultAllBundlesName: 'ALL',
          disableSpiffeCertValidation: false,
        },
        services: { workloadApi: true, sds: true },
        unixAttestor: { discoverWorkloadPath: false, workloadSizeLimit: 0 },
        dockerAttestor: undefined,
        systemdAttestor: undefined,
        metrics: undefined,
        healthChecks: undefined,
      },
    );
    assert.deepEqual(log, { level: 'info', file: undefined });
  });

  const tokens = [
    { name: 'a value', flags: { joinToken: 'abc' }, token: { kind: 'value', value: 'abc' } },
    { name: 'a file', flags: { joinTokenFile: '/t' }, token: { kind: 'file', path: '/t' } },
    { name: 'standard input', flags: { joinTokenFile: '-' }, token: { kind: 'value', value: 'from-input' } },
  ];
  for (const { name, flags, token } of tokens) {
    it(`takes the join token from ${name}`, async () => {
      const { settings } = await load({ ...required, ...flags }, 'from-input\n');
      assert.deepEqual(settings.nodeAttestation, { kind: 'join_token', token });
    });
  }

  it("takes a token of a flag in place of the file's, whichever way either is given", async () => {
    await withFile('agent: { join_token: old }', async (config) => {
      const { settings } = await load({ ...required, config, joinTokenFile: '/new' });
      assert.deepEqual(settings.nodeAttestation, { kind: 'join_token', token: { kind: 'file', path: '/new' } });
    });
  });

  const wrong: { flags: AgentFlags; input?: string; says: RegExp }[] = [
    { flags: {}, says: /^--trust-domain is required/ },
    { flags: { trustDomain: 'a' }, says: /^--server-address is required/ },
    { flags: { ...required, serverPort: 0 }, says: /^--server-port: not a port; 1 to 65535/ },
    { flags: { ...required, serverAddress: 'a b' }, says: /^--server-address: not an address/ },
    { flags: { ...required, trustBundleFormat: 'der' }, says: /^--trust-bundle-format: not a format; pem or spiffe/ },
    { flags: { ...required, joinToken: 'a', joinTokenFile: 'b' }, says: /exclude each other/ },
    { flags: { ...required, joinToken: '' }, says: /^--join-token: not a join token/ },
    { flags: { ...required, joinTokenFile: '-' }, input: '\n', says: /standard input is not a join token/ },
  ];
  for (const { flags, input, says } of wrong) {
    it(`refuses the flags ${JSON.stringify(flags)} as wrong usage`, async () => {
      await assert.rejects(
        load(flags, input),
        (error) => isSpiffeError(error, 'ERR_USAGE') && says.test(error.message),
      );
    });
  }

  const bundles: { keys: string; source: object }[] = [
    { keys: 'trust_bundle_path: /b', source: { kind: 'file', path: '/b', format: 'pem' } },
    {
      keys: 'trust_bundle_path: /b, trust_bundle_format: spiffe',
      source: { kind: 'file', path: '/b', format: 'spiffe' },
    },
    {
      keys: 'trust_bundle_url: "https://x/b"',
      source: { kind: 'url', url: 'https://x/b', unixSocket: undefined, format: 'pem' },
    },
    {
      keys: 'trust_bundle_url: "http://x/b", trust_bundle_unix_socket: /s',
      source: { kind: 'url', url: 'http://x/b', unixSocket: '/s', format: 'pem' },
    },
    { keys: 'trust_bundle_spiffe_workload_api: /s', source: { kind: 'workload_api', address: 'unix:/s' } },
    { keys: 'insecure_bootstrap: true', source: { kind: 'insecure' } },
    { keys: 'insecure_bootstrap: false, trust_bundle_path: /b', source: { kind: 'file', path: '/b', format: 'pem' } },
  ];
  for (const { keys, source } of bundles) {
    it(`takes the trust bundle from { ${keys} }`, async () => {
      await withFile(`agent: { ${keys} }`, async (config) => {
        assert.deepEqual((await load({ ...required, config })).settings.trustBundle, source);
      });
    });
  }

  for (const { keys, says } of [
    { keys: 'trust_bundle_path: /b, insecure_bootstrap: true', says: /exclude each other/ },
    { keys: 'trust_bundle_path: /b, trust_bundle_url: "https://x"', says: /exclude each other/ },
    { keys: 'trust_bundle_url: "http://x"', says: /https: is accepted/ },
    { keys: 'trust_bundle_url: " HTTP://x"', says: /https: is accepted/ },
    { keys: 'trust_bundle_url: "https://x", trust_bundle_unix_socket: /s', says: /begins with http:/ },
    { keys: 'trust_bundle_path: /b, trust_bundle_unix_socket: /s', says: /begins with http:/ },
    { keys: 'trust_bundle_url: "ftp://x"', says: /not a URL/ },
    { keys: 'trust_bundle_url: "https://me:secret@x"', says: /not a URL/ },
    { keys: 'insecure_bootstrap: true, rebootstrap_mode: auto', says: /exclude each other/ },
    { keys: 'rebootstrap_mode: sometimes', says: /never, auto or always is accepted/ },
    { keys: 'availability_target: 23h', says: /24h or more is accepted/ },
    { keys: 'x509_svid_cache_max_size: 0', says: /1 or more is accepted/ },
  ]) {
    it(`refuses { ${keys} }`, async () => {
      await withFile(`agent: { ${keys} }`, (config) => assert.rejects(load({ ...required, config }), says));
    });
  }

  it('shows no join token in an error', async () => {
    const secret = 'hunter2 hunter2';
    const attempts = [
      () => load({ ...required, joinToken: secret }),
      () => load({ ...required, joinTokenFile: '-' }, secret),
      () => withFile(`agent: { join_token: "${secret}" }`, (config) => load({ ...required, config })),
      () => withFile(`agent:\n  join_token: "${secret}\n`, (config) => load({ ...required, config })),
    ];
    for (const attempt of attempts) {
      await assert.rejects(attempt, (error) => error instanceof Error && !error.message.includes('hunter2'));
    }
  });

  it('refuses a key that SPIRE has and this agent has not', async () => {
    await withFile('agent: { log_source_location: true, profiling_port: 1 }', (config) =>
      assert.rejects(
        load({ ...required, config }),
        /unknown key "log_source_location".*, unknown key "profiling_port"/,
      ),
    );
  });

  for (const flag of Object.keys(runFlags).filter((name) => !['config', 'expandEnv'].includes(name))) {
    it(`reads --${kebabCase(flag)} as a key of the file`, async () => {
      const says = `--${kebabCase(flag)}: `;
      await assert.rejects(
        load({ ...required, [flag]: {} }),
        (error) => isSpiffeError(error, 'ERR_USAGE') && error.message.startsWith(says),
      );
    });
  }

  it('is documented by an example with each key, whose values are the defaults', async () => {
    const text = await readFile(example, 'utf8');
    assert.deepEqual(await load({ config: example }), await load(required));
    await assertShowsEveryKey(text, agentFileSchema);
  });
});
