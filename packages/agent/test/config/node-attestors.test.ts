import assert from 'node:assert/strict';
import { isSpiffeError } from '@credence/sdk';
import { withFile } from '../../../sdk/dist-test/support/config-file.js';
import { loadAgentConfig } from '../../dist/config/agent-config.js';

const surroundings = {
  paths: { dataDirectory: '/default/data', socket: '/default/api.sock' },
  readInput: () => Promise.reject(new Error('nothing is read')),
};

describe('the node attestor x509pop of the agent', () => {
  const read = (keys: string): Promise<unknown> =>
    withFile(
      `agent: { trust_domain: a, server_address: s, trust_bundle_path: /b }
plugins: { NodeAttestor: { x509pop: { plugin_data: ${keys} } } }`,
      async (config) => (await loadAgentConfig({ config }, surroundings)).settings.nodeAttestation,
    );

  it('shows a certificate in files, or the X.509-SVID of a Workload API', async () => {
    const files = { kind: 'files', privateKeyPath: '/k', certificatePath: '/c', intermediatesPath: undefined };
    const kind = 'x509pop';
    assert.deepEqual(await read('{ private_key_path: /k, certificate_path: /c }'), { kind, identity: files });
    const address = 'unix:///run/other/api.sock';
    assert.deepEqual(await read(`{ spiffe_endpoint_socket: "${address}" }`), {
      kind,
      identity: { kind: 'workload_api', address },
    });
  });

  for (const [keys, message] of [
    ['{}', /private_key_path and certificate_path are needed, or spiffe_endpoint_socket/],
    ['{ certificate_path: /c }', /private_key_path and certificate_path are needed/],
    ['{ spiffe_endpoint_socket: "unix:///s", certificate_path: /c }', /exclude each other/],
    ['{ spiffe_endpoint_socket: /run/s }', /not an address; unix:/],
    ['{ spiffe_endpoint_socket: "unix:///s", mode: spiffe }', /unknown key "mode"/],
  ] as const) {
    it(`refuses ${keys}`, () =>
      assert.rejects(read(keys), (error) => isSpiffeError(error, 'ERR_CONFIG') && message.test(error.message)));
  }
});
