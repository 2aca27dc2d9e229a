import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { isSpiffeError } from '@credence/sdk';
import { kebabCase } from '@credence/sdk/daemon';
import { assertShowsEveryKey, withFile } from '../../../sdk/dist-test/support/config-file.js';
import { loadAgentConfig, type AgentConfig } from '../../dist/config/agent-config.js';
import { runFlags, type AgentFlags } from '../../dist/config/flags.js';
import { agentFileSchema } from '../../dist/config/schema.js';

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
        nodeAttestation: { kind: 'join_token', token: undefined },
        syncIntervalMs: 5000,
        watchChanges: true,
        workloadKeyType: 'ec-p256',
        jwtSvidCacheMaxSize: 1000,
        allowUnauthenticatedVerifiers: false,
        allowedForeignJwtClaims: [],
        unixAttestor: { discoverWorkloadPath: false, workloadSizeLimit: 0 },
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
    { flags: { ...required, trustBundleFormat: 'spiffe' }, says: /^--trust-bundle-format: not a format; pem/ },
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
    await withFile('agent: { trust_bundle_url: "https://x", insecure_bootstrap: true }', (config) =>
      assert.rejects(
        load({ ...required, config }),
        /unknown key "trust_bundle_url".*, unknown key "insecure_bootstrap"/,
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
