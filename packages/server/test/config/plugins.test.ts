import assert from 'node:assert/strict';
import { isSpiffeError } from '@credence/sdk';
import { withFile } from '../../../sdk/dist-test/support/config-file.js';
import { loadServerConfig } from '../../dist/config/server-config.js';
import { AgentPathTemplate } from '../../dist/domain/agent-path-template.js';
import type { X509PopSettings } from '../../dist/settings.js';

const paths = { dataDirectory: '/default/data', socket: '/default/admin.sock' };

describe('the plugins of the server', () => {
  describe('of x509pop', () => {
    const read = (keys: string): Promise<X509PopSettings> =>
      withFile(
        `server: { trust_domain: a }\nplugins: { NodeAttestor: { join_token: , x509pop: { plugin_data: ${keys} } } }`,
        async (config) => (await loadServerConfig({ config }, paths)).settings.nodeAttestors.x509pop!,
      );

    it('takes the authorities of a PKI, or X.509-SVIDs of the own trust domain', async () => {
      const agentPath = AgentPathTemplate.parse('/{{ .PluginName }}/{{ .Fingerprint }}', ['PluginName', 'Fingerprint']);
      const limits = { agentPath, maxIntermediates: 4, maxRsaKeyBits: 8192 };
      const pki = { mode: 'external_pki', caBundlePaths: ['/a.pem'] };
      assert.deepEqual(await read('{ ca_bundle_path: /a.pem }'), { trust: pki, ...limits });
      const several = await read('{ mode: external_pki, ca_bundle_paths: [/a.pem, /b.pem], max_intermediates: 0 }');
      const two = { mode: 'external_pki', caBundlePaths: ['/a.pem', '/b.pem'] };
      assert.deepEqual(several, { ...limits, trust: two, maxIntermediates: 0 });
      const svidPath = '/{{ .PluginName }}/{{ .SVIDPathTrimmed }}';
      const ofSvid = { ...limits, agentPath: AgentPathTemplate.parse(svidPath, ['PluginName', 'SVIDPathTrimmed']) };
      const spiffe = { mode: 'spiffe', svidPrefix: '/spire-exchange/' };
      assert.deepEqual(await read('{ mode: spiffe }'), { ...ofSvid, trust: spiffe });
      assert.deepEqual(await read('{ mode: spiffe, svid_prefix: /n/ }'), {
        ...ofSvid,
        trust: { mode: 'spiffe', svidPrefix: '/n/' },
      });
    });

    it('names agents by a template', async () => {
      const template = '/cn/{{ .Subject.CommonName }}';
      const { agentPath } = await read(`{ ca_bundle_path: /a.pem, agent_path_template: "${template}" }`);
      assert.equal(agentPath.text, template);
    });

    const wrong: readonly [string, RegExp][] = [
      ['{}', /either ca_bundle_path or ca_bundle_paths is needed/],
      ['{ ca_bundle_path: /a.pem, ca_bundle_paths: [/b.pem] }', /either ca_bundle_path or ca_bundle_paths/],
      ['{ ca_bundle_paths: [] }', /no path; one or more are accepted/],
      ['{ ca_bundle_path: /a.pem, svid_prefix: /n/ }', /svid_prefix needs the mode spiffe/],
      ['{ mode: spiffe, ca_bundle_path: /a.pem }', /the mode spiffe takes no CA bundle/],
      ['{ mode: spiffe, svid_prefix: /n }', /not a prefix of paths; \/spire-exchange\/ is accepted/],
      ['{ mode: other }', /not a mode; external_pki or spiffe is accepted/],
      ['{ ca_bundle_path: /a.pem, max_rsa_key_size: 16384 }', /max_rsa_key_size/],
      ['{ ca_bundle_path: /a.pem, max_intermediates: 9 }', /max_intermediates/],
      ['{ ca_bundle_path: /a.pem, agent_path_template: cn }', /agent_path_template: not an agent path template/],
      ['{ ca_bundle_path: /a.pem, agent_path_template: "/{{ .SVIDPathTrimmed }}" }', /there is no \.SVIDPathTrimmed/],
      ['{ ca_bundle_path: /a.pem, verify_client_ip: true }', /unknown key "verify_client_ip"/],
    ];
    for (const [keys, says] of wrong) {
      it(`refuses ${keys}`, () =>
        assert.rejects(read(keys), (error) => isSpiffeError(error, 'ERR_CONFIG') && says.test(error.message)));
    }
  });

  it('stands below another server, when it is told, and below one authority only', async () => {
    const spire = 'spire: { plugin_data: { server_address: up.test, server_port: "8081", workload_api_socket: /s } }';
    const disk = 'disk: { plugin_data: { cert_file_path: /c, key_file_path: /k } }';
    const read = (plugins: string): Promise<unknown> =>
      withFile(`server: { trust_domain: a }\nplugins: { UpstreamAuthority: { ${plugins} } }`, async (config) => {
        return (await loadServerConfig({ config }, paths)).settings.upstreamAuthority;
      });
    assert.deepEqual(await read(spire), { kind: 'spire', address: 'up.test', port: 8081, workloadApiSocket: '/s' });
    await assert.rejects(read(`${spire}, ${disk}`), { message: /one of disk and spire is accepted, not both/ });
    await assert.rejects(read('spire: { plugin_data: { server_address: up.test, server_port: 1 } }'), {
      message: /plugins\.UpstreamAuthority\.spire\.plugin_data\.workload_api_socket: /,
    });
    await assert.rejects(read(spire.replace('/s', '/s, experimental: {}')), { message: /unknown key "experimental"/ });
  });

  it('keeps keys on disk where it is told, or in memory', async () => {
    const read = async (plugins: string): Promise<unknown> =>
      withFile(`server: { trust_domain: a, data_dir: /d }\nplugins: ${plugins}`, async (config) => {
        return (await loadServerConfig({ config }, paths)).settings.keyManager;
      });
    assert.deepEqual(await read('{}'), { kind: 'disk', path: '/d/keys.json' });
    assert.deepEqual(await read('{ KeyManager: { disk: {} } }'), { kind: 'disk', path: '/d/keys.json' });
    const elsewhere = '{ KeyManager: { disk: { plugin_data: { keys_path: /k/keys.json } } } }';
    assert.deepEqual(await read(elsewhere), { kind: 'disk', path: '/k/keys.json' });
    for (const nothing of ['{}', '', '{ plugin_data: }']) {
      assert.deepEqual(await read(`{ KeyManager: { memory: ${nothing} } }`), { kind: 'memory' });
    }
    for (const wrong of ['{}', '{ disk: {}, memory: {} }']) {
      await assert.rejects(read(`{ KeyManager: ${wrong} }`), /not one key manager; disk or memory is accepted/);
    }
    await assert.rejects(read('{ KeyManager: { aws_kms: {} } }'), /unknown key "aws_kms"/);
  });
});
