import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSpiffeError } from '@credence/sdk';
import { parseConfig } from '@credence/sdk/daemon';
import { z } from 'zod';
import { loadServerConfig, serverFileSchema } from '../dist/config.js';

const paths = { dataDirectory: '/default/data', socket: '/default/admin.sock' };
const example = new URL('../../../examples/config/server.full.yaml', import.meta.url).pathname;

async function withFile<T>(text: string, use: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'credence-'));
  try {
    await writeFile(join(folder, 'server.yaml'), text);
    return await use(join(folder, 'server.yaml'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The keys of a schema, each with those above it: `server.ratelimit.signing`. */
function keysOf(schema: unknown, prefix = ''): string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return keysOf(schema.unwrap(), prefix);
  if (!(schema instanceof z.ZodObject)) return [prefix];
  return Object.entries(schema.shape as Record<string, unknown>).flatMap(([key, field]) =>
    keysOf(field, prefix === '' ? key : `${prefix}.${key}`),
  );
}

function keysIn(value: unknown, prefix = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [prefix];
  return Object.entries(value).flatMap(([key, field]) => keysIn(field, prefix === '' ? key : `${prefix}.${key}`));
}

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
    { text: 'ca_key_type: ec-p521', says: 'server.ca_key_type: ' },
    { text: 'admin_ids: [spiffe://a/b, http://a/b]', says: 'server.admin_ids.1: ' },
    { text: 'bind_port: 80.5', says: 'server.bind_port: not a port' },
    { text: 'ratelimit: { signin: false }', says: 'unknown key "signin"; did you mean "signing"?' },
    { text: 'jwt_issuer: x', says: 'server: unknown key "jwt_issuer"' },
  ];
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

  it('is documented by an example with each key, whose values are the defaults', async () => {
    const text = await readFile(example, 'utf8');
    const defaults = await loadServerConfig({ trustDomain: 'example.org' }, paths);
    assert.deepEqual(await loadServerConfig({ config: example }, paths), defaults);
    // With what is commented out, it has every key and still suits the schema.
    const full = text.replace(/^( *)# ( *[a-z0-9_]+:( |$))/gm, '$1$2');
    await parseConfig(full, serverFileSchema, 'the example');
    const { parse } = await import('yaml');
    assert.deepEqual(keysIn(parse(full)).sort(), keysOf(serverFileSchema).sort());
  });
});
