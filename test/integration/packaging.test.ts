// @credence/sdk as npm publishes it: what is in the tarball, that it loads by import and by require, and that its types
// hold for a strict consumer.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PackedSdk } from '../support/packed-sdk.js';
import { repository } from '../support/source-tree.js';

// What a program imports; the others are for credence-server and credence-agent.
const published = [
  '@credence/sdk',
  '@credence/sdk/tls',
  '@credence/sdk/http',
  '@credence/sdk/grpc',
  '@credence/sdk/federation',
  '@credence/sdk/testing',
];

describe('the packed SDK', () => {
  let sdk: PackedSdk;
  let files: readonly string[];

  before(async () => {
    sdk = await PackedSdk.install(['@types/node', 'undici-types']);
    files = (await readdir(sdk.package, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(sdk.package.length + 1));
  });

  after(() => sdk[Symbol.asyncDispose]());

  it('brings code, types, proto data, README and LICENSE, and nothing else', () => {
    for (const name of ['package.json', 'README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts']) {
      assert.ok(files.includes(name), name);
    }
    const odd = files.filter((name) => !/^(package\.json|README\.md|LICENSE|dist\/.*\.(js|js\.map|d\.ts))$/.test(name));
    assert.deepEqual(
      odd.filter((name) => !name.startsWith('dist/proto/')),
      [],
    );
    assert.deepEqual(
      files.filter((name) => /\.test\.|dist-test/.test(name)),
      [],
    );
  });

  it('brings the proto data of this repository', async () => {
    const names = await readdir(join(repository, 'proto'), { recursive: true });
    const contracts = names.filter((name) => name.endsWith('.proto'));
    assert.ok(contracts.length > 10);
    for (const name of contracts) {
      const [ours, packed] = await Promise.all(
        [join(repository, 'proto'), join(sdk.package, 'dist/proto')].map((folder) => readFile(join(folder, name))),
      );
      assert.deepEqual(packed, ours, name);
    }
  });

  it('brings source maps that hold their sources', async () => {
    const scripts = files.filter((name) => name.endsWith('.js'));
    assert.ok(scripts.length > 50);
    for (const name of scripts) {
      const [, map] = /^\/\/# sourceMappingURL=(.*)$/m.exec(await readFile(join(sdk.package, name), 'utf8')) ?? [];
      const text = await readFile(join(sdk.package, dirname(name), map ?? 'no source map'), 'utf8');
      const { sources, sourcesContent } = JSON.parse(text) as Record<'sources' | 'sourcesContent', unknown[]>;
      assert.equal(sourcesContent.length, sources.length, name);
    }
  });

  it('has a file behind every export', () => {
    const targets = Object.values(sdk.manifest.exports).flatMap((target) =>
      typeof target === 'string' ? [target] : Object.values(target),
    );
    assert.ok(targets.length > 20);
    for (const target of targets) {
      const [start] = target.split('*');
      assert.ok(existsSync(join(sdk.package, start ?? '')), target);
    }
  });

  it('loads by import and by require, as the same module', async () => {
    await sdk.write(
      'both.cjs',
      `const names = ${JSON.stringify(published)};
      void (async () => {
        for (const name of names) {
          const required = require(name);
          const imported = await import(name);
          const values = Object.keys(imported);
          const same = values.length > 0 && values.every((value) => required[value] === imported[value]);
          console.log(JSON.stringify({ name, same }));
        }
      })();`,
    );
    const { code, stderr, stdout } = await sdk.node(['both.cjs']).finished;
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.equal(stdout, published.map((name) => `${JSON.stringify({ name, same: true })}\n`).join(''));
  });

  it('loads without a word, and lets the process end', async () => {
    const source = published.map((name) => `import '${name}';`).join('\n');
    await sdk.write('quiet.js', source);
    const { code, stderr, stdout } = await sdk.node(['quiet.js']).finished;
    assert.deepEqual({ code, stderr, stdout }, { code: 0, stderr: '', stdout: '' });
  });

  for (const settings of [
    ['--module', 'node16'],
    ['--module', 'esnext', '--moduleResolution', 'bundler'],
  ]) {
    it(`has types that hold under ${settings.join(' ')}`, async () => {
      await sdk.write('consumer.ts', consumer);
      await sdk.compile(['consumer.ts', '--noEmit'], settings);
    }).timeout(60_000);
  }

  it('has types that notice a mistake', async () => {
    await sdk.write('mistake.ts', consumer.replace('authorize: authorizeMemberOf', 'authorise: authorizeMemberOf'));
    const quick = ['--module', 'nodenext', '--skipLibCheck'];
    await assert.rejects(
      sdk.compile(['mistake.ts', '--noEmit'], quick),
      /'authorise' does not exist|'authorize' is missing/,
    );
  }).timeout(60_000);
});

// Names of every subpath, used as a program would.
const consumer = `
import { X509Source, SpiffeId, TrustDomain, X509Bundle, X509BundleSet, authorizeMemberOf, isSpiffeError } from '@credence/sdk';
import type { Authorizer, VerifiedPeer, X509Context } from '@credence/sdk';
import { SpiffeAgent, createHttpsServer, peerOf } from '@credence/sdk/tls';
import * as http from '@credence/sdk/http';
import * as grpc from '@credence/sdk/grpc';
import * as federation from '@credence/sdk/federation';
import { FakeWorkloadApi, ManualClock, TestCa } from '@credence/sdk/testing';

await using source = await X509Source.create({ hint: 'internal', timeoutMs: 5_000 });
const everyone: Authorizer = authorizeMemberOf(TrustDomain.parse('example.org'));
const server = createHttpsServer({ svid: source, bundles: source, authorize: authorizeMemberOf('example.org') }, (req, res) => {
  const peer: VerifiedPeer | undefined = peerOf(req);
  res.end(\`hello \${peer?.id}\`);
});
const agent = new SpiffeAgent({ svid: source, bundles: source, authorize: everyone }, { keepAlive: true });
const id: SpiffeId = SpiffeId.parse('spiffe://example.org/web');
const bundles: X509BundleSet = X509BundleSet.of(X509Bundle.fromCertificates(id.trustDomain, []));
try {
  for await (const context of source.updates()) {
    const known: X509Context = context;
    console.log(known.defaultSvid.expiresAt.getTime(), agent.maxSockets, server.listening, bundles);
  }
} catch (error) {
  if (isSpiffeError(error)) console.log(error.code);
}
console.log(http, grpc, federation, FakeWorkloadApi, ManualClock, TestCa);
`;
