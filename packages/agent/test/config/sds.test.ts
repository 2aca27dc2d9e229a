import assert from 'node:assert/strict';
import { isSpiffeError } from '@credence/sdk';
import { withFile } from '../../../sdk/dist-test/support/config-file.js';
import { loadAgentConfig, type AgentConfig } from '../../dist/config/agent-config.js';

function load(agent: string): Promise<AgentConfig> {
  return withFile(`agent: { trust_domain: example.org, server_address: 127.0.0.1, ${agent} }`, (config) =>
    loadAgentConfig(
      { config },
      { paths: { dataDirectory: '/data', socket: '/run/agent/public/api.sock' }, readInput: () => Promise.resolve('') },
    ),
  );
}

describe('the configuration of secret discovery', () => {
  const names = { defaultSvidName: 'default', defaultBundleName: 'ROOTCA', defaultAllBundlesName: 'ALL' };

  it("has SPIRE's names and defaults", async () => {
    const { settings } = await load('sds: {}');
    assert.deepEqual(settings.sds, { ...names, disableSpiffeCertValidation: false });
    assert.deepEqual(settings.services, { workloadApi: true, sds: true });
  });

  it('takes other names, as for Istio', async () => {
    const { settings } = await load('sds: { default_bundle_name: "null", default_all_bundles_name: ROOTCA }');
    const { defaultBundleName, defaultAllBundlesName } = settings.sds;
    assert.deepEqual([defaultBundleName, defaultAllBundlesName], ['null', 'ROOTCA']);
    const validator = await load('sds: { disable_spiffe_cert_validation: true }');
    assert.equal(validator.settings.sds.disableSpiffeCertValidation, true);
  });

  it('switches services off', async () => {
    const { settings } = await load('disable_sds_api: true');
    assert.deepEqual(settings.services, { workloadApi: true, sds: false });
    const neither = await load('disable_sds_api: true, disable_workload_api: true');
    assert.deepEqual(neither.settings.services, { workloadApi: false, sds: false });
  });

  it('refuses one name for both bundles, also where one of them is the default', async () => {
    assert.ok(await load('sds: { default_bundle_name: ALL, default_all_bundles_name: ROOTCA }'));
    for (const same of [
      'default_bundle_name: x, default_all_bundles_name: x',
      'default_all_bundles_name: ROOTCA',
      'default_bundle_name: ALL',
    ]) {
      await assert.rejects(load(`sds: { ${same} }`), {
        code: 'ERR_CONFIG',
        message: /agent\.sds\.default_all_bundles_name: the same as default_bundle_name, which is ROOTCA unless/,
      });
    }
  });

  for (const wrong of ['sds: { default_svid_name: "" }', 'sds: { name: x }', 'disable_sds_api: 1']) {
    it(`refuses ${wrong}`, async () => {
      await assert.rejects(load(wrong), (error) => isSpiffeError(error, 'ERR_CONFIG'));
    });
  }
});
