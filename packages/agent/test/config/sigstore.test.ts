import assert from 'node:assert/strict';
import { withFile } from '../../../sdk/dist-test/support/config-file.js';
import { loadAgentConfig } from '../../dist/config/agent-config.js';
import type { SigstoreSettings } from '../../dist/settings.js';

function load(sigstore: string): Promise<SigstoreSettings | undefined> {
  const yaml = `plugins: { WorkloadAttestor: { docker: { plugin_data: { sigstore: ${sigstore} } } } }`;
  return withFile(yaml, async (config) => {
    const flags = { config, trustDomain: 'example.org', serverAddress: '127.0.0.1' };
    const paths = { dataDirectory: '/data', socket: '/run/agent/public/api.sock' };
    const { settings } = await loadAgentConfig(flags, { paths, env: {}, readInput: () => Promise.resolve('') });
    return settings.dockerAttestor?.sigstore;
  });
}

const digest = `sha256:${'0'.repeat(64)}`;

describe('the verification of images in the configuration', () => {
  const defaults: SigstoreSettings = {
    allowedSigners: [],
    skippedImages: [],
    rekorUrl: undefined,
    ignoreTlog: false,
    ignoreSct: false,
    ignoreAttestations: false,
    registryCredentials: {},
    insecureRegistries: [],
    trustedRoot: { kind: 'tuf', repository: undefined },
  };
  const accepted: readonly { readonly written: string; readonly settings: Partial<SigstoreSettings> }[] = [
    { written: '', settings: {} },
    { written: '{}', settings: {} },
    { written: '{ allowed_identities: , registry_credentials: }', settings: {} },
    {
      written: '{ allowed_identities: { "https://a": [one, "two@.*"], "https://b/.*": [three] } }',
      settings: {
        allowedSigners: [
          { issuer: 'https://a', subject: 'one' },
          { issuer: 'https://a', subject: 'two@.*' },
          { issuer: 'https://b/.*', subject: 'three' },
        ],
      },
    },
    {
      written: `{ skipped_images: ["registry.example/app@${digest}", "${digest}"] }`,
      settings: { skippedImages: [`registry.example/app@${digest}`, digest] },
    },
    { written: '{ rekor_url: https://rekor.sigstore.dev/ }', settings: { rekorUrl: 'https://rekor.sigstore.dev/' } },
    {
      written: '{ ignore_tlog: true, ignore_sct: true, ignore_attestations: true }',
      settings: { ignoreTlog: true, ignoreSct: true, ignoreAttestations: true },
    },
    {
      written: '{ registry_credentials: { docker.io: { username: ann, password: word } } }',
      settings: { registryCredentials: { 'docker.io': { username: 'ann', password: 'word' } } },
    },
    {
      written: '{ insecure_registries: ["127.0.0.1:5000", registry.lan] }',
      settings: { insecureRegistries: ['127.0.0.1:5000', 'registry.lan'] },
    },
    {
      written: '{ trusted_root_path: /etc/root.json }',
      settings: { trustedRoot: { kind: 'file', path: '/etc/root.json' } },
    },
    {
      written: '{ tuf_mirror_url: https://tuf.example, tuf_root_path: /etc/1.root.json }',
      settings: {
        trustedRoot: { kind: 'tuf', repository: { url: 'https://tuf.example', rootPath: '/etc/1.root.json' } },
      },
    },
  ];
  for (const { written, settings } of accepted) {
    it(`is accepted: ${written}`, async () => {
      assert.deepEqual(await load(written), { ...defaults, ...settings });
    });
  }

  const refused: readonly { readonly written: string; readonly says: RegExp }[] = [
    {
      written: '{ allowed_identities: { "https://a": [] } }',
      says: /allowed_identities\.https:\/\/a: names nobody; one subject or more/,
    },
    { written: '{ allowed_identities: { "https://a": ["(one"] } }', says: /not a regular expression; a text, or a/ },
    { written: '{ allowed_identities: { "https://(a": [one] } }', says: /not a regular expression|Invalid key/ },
    { written: '{ allowed_identities: [one] }', says: /allowed_identities/ },
    { written: '{ skipped_images: [app] }', says: /not an image by its digest; registry\.example\/app@sha256:/ },
    { written: '{ skipped_images: ["app:latest"] }', says: /not an image by its digest/ },
    { written: '{ rekor_url: rekor.sigstore.dev }', says: /https:\/\/rekor\.sigstore\.dev is accepted/ },
    { written: '{ rekor_url: file:///etc }', says: /not a URL/ },
    { written: '{ registry_credentials: { docker.io: { username: ann } } }', says: /password/ },
    { written: '{ registry_credentials: { docker.io: { user: ann } } }', says: /unknown key "user"/ },
    {
      written: '{ trusted_root_path: a, tuf_mirror_url: https://b, tuf_root_path: c }',
      says: /trusted_root_path and tuf_mirror_url exclude each other/,
    },
    { written: '{ tuf_mirror_url: https://b }', says: /both or neither are accepted/ },
    { written: '{ tuf_root_path: c }', says: /both or neither are accepted/ },
    { written: '{ insecure_registries: ["http://127.0.0.1:5000"] }', says: /127\.0\.0\.1:5000 is accepted/ },
    { written: '{ ignore_tlogs: true }', says: /unknown key "ignore_tlogs"(.|\n)*ignore_tlog/ },
    { written: 'true', says: /sigstore/ },
  ];
  for (const { written, says } of refused) {
    it(`is refused: ${written}`, async () => {
      await assert.rejects(load(written), says);
    });
  }

  it('does not print passwords', async () => {
    const word = 'a-password-of-the-registry';
    const written = `{ registry_credentials: { docker.io: { username: [ann], password: ${word} } } }`;
    await assert.rejects(load(written), (error: Error) => !error.message.includes(word));
  });
});
