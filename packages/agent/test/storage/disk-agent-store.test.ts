import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TrustDomain } from '@credence/sdk';
import { TestCa } from '@credence/sdk/testing';
import { parseAgentSvid, type AgentSvid } from '../../dist/domain/agent-svid.js';
import { rootBundle } from '../../dist/domain/root-bundle.js';
import { DiskAgentStore } from '../../dist/storage/disk-agent-store.js';
import { temporaryDirectory } from '../../../sdk/dist-test/support/temporary-directory.js';

const trustDomain = TrustDomain.parse('example.org');

describe('disk agent store', () => {
  let ca: TestCa;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

  before(async () => {
    ca = await TestCa.create(trustDomain);
  });

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });

  afterEach(() => directory[Symbol.asyncDispose]());

  function open(domain = trustDomain): DiskAgentStore {
    return new DiskAgentStore({ directory: join(directory.path, 'data'), trustDomain: domain });
  }

  async function agentSvid(): Promise<AgentSvid> {
    const { chain, privateKey } = await ca.credential('/spire/agent/join_token/t');
    return parseAgentSvid(chain, privateKey, true);
  }

  async function filled(): Promise<AgentSvid> {
    const store = open();
    await store.load();
    const svid = await agentSvid();
    await store.storeBundle(rootBundle(trustDomain, [ca.certificate.raw]));
    await store.storeSvid(svid);
    return svid;
  }

  const file = (name: string): string => join(directory.path, 'data', name);

  it('finds nothing in a new directory', async () => {
    assert.deepEqual(await open().load(), { svid: undefined, bundle: undefined, privateKeys: [] });
  });

  it('gives back what was stored', async () => {
    const svid = await filled();
    const found = await open().load();
    assert.deepEqual(found.svid, svid);
    assert.deepEqual(found.bundle, rootBundle(trustDomain, [ca.certificate.raw]));
  });

  it('removes what a process that was killed while writing left behind', async () => {
    await filled();
    for (const name of ['keys.json', 'agent-data.json']) await writeFile(file(`${name}.tmp`), 'part of a key');
    await open().load();
    assert.deepEqual((await readdir(join(directory.path, 'data'))).sort(), ['agent-data.json', 'keys.json']);
  });

  it('holds one SVID with its key, and one bundle, when the agent is killed while it writes either', async () => {
    const script = new URL('../support/endless-agent-writer.js', import.meta.url).pathname;
    for (let round = 0; round < 4; round++) {
      const writer = spawn(process.execPath, [script, join(directory.path, 'data')], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(writer.stdout, 'data');
      writer.kill('SIGKILL');
      await once(writer, 'exit');
      const { svid, bundle } = await open().load();
      assert.equal(svid?.id.path, '/spire/agent/join_token/t');
      assert.ok([1, 2].includes(bundle?.x509Authorities.length ?? 0));
      assert.deepEqual((await readdir(join(directory.path, 'data'))).sort(), ['agent-data.json', 'keys.json']);
    }
  }).timeout(30_000);

  it('writes the files that a SPIRE agent reads', async () => {
    const svid = await filled();
    const data = JSON.parse(await readFile(file('agent-data.json'), 'utf8')) as Record<string, string[]>;
    const keys = JSON.parse(await readFile(file('keys.json'), 'utf8')) as { keys: Record<string, string> };
    assert.match(Buffer.from(data['svid']?.[0] ?? '', 'base64').toString(), /^-----BEGIN CERTIFICATE-----\n/);
    assert.equal(data['reattestable'], true);
    assert.deepEqual(keys, { keys: { 'agent-svid-A': svid.privateKey.toString('base64') } });
  });

  it('alternates between two keys, so that the one in use is never overwritten', async () => {
    const store = open();
    await store.load();
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      const svid = await agentSvid();
      await store.storeSvid(svid);
      const { keys } = JSON.parse(await readFile(file('keys.json'), 'utf8')) as { keys: Record<string, string> };
      ids.push(Object.entries(keys).find(([, key]) => key === svid.privateKey.toString('base64'))?.[0] ?? '');
    }
    assert.deepEqual(ids, ['agent-svid-A', 'agent-svid-B', 'agent-svid-A']);
  });

  it('keeps files 0600 and the directory 0700 under any umask', async () => {
    const umask = process.umask(0);
    try {
      await filled();
      const paths = [file('.'), file('agent-data.json'), file('keys.json')];
      const modes = await Promise.all(paths.map(async (path) => (await stat(path)).mode & 0o777));
      assert.deepEqual(modes, [0o700, 0o600, 0o600]);
    } finally {
      process.umask(umask);
    }
  });

  it('forgets the SVID and keeps the bundle', async () => {
    await filled();
    const store = open();
    await store.load();
    await store.removeSvid();
    const found = await open().load();
    assert.deepEqual([found.svid, found.bundle === undefined], [undefined, false]);
  });

  it('forgets the private keys together with the SVID, and goes on with new ones', async () => {
    const { privateKey } = await filled();
    const store = open();
    await store.load();
    await store.removeSvid();
    for (const name of await readdir(file('.'))) {
      assert.ok(!(await readFile(file(name), 'latin1')).includes(privateKey.toString('base64')), name);
    }
    const next = await agentSvid();
    await store.storeSvid(next);
    assert.deepEqual((await open().load()).svid, next);
  });

  it('has no SVID when its key is gone', async () => {
    await filled();
    await writeFile(file('keys.json'), '{"keys":{}}');
    assert.equal((await open().load()).svid, undefined);
  });

  it('refuses the SVID of another trust domain', async () => {
    await filled();
    await assert.rejects(open(TrustDomain.parse('other.test')).load(), {
      code: 'ERR_STORAGE',
      message: /agent-data\.json is damaged: it belongs to trust domain example\.org, not to other\.test/,
    });
  });

  const certificate = (text: string): string => Buffer.from(text).toString('base64');
  const damages = [
    ['agent-data.json', '', /it is not JSON/],
    ['agent-data.json', '{"svid":', /it is not JSON/],
    ['agent-data.json', '{"svid":[1]}', /svid\.0 is not as expected/],
    ['agent-data.json', '{"bundle":"x"}', /bundle is not as expected/],
    ['agent-data.json', JSON.stringify({ bundle: [certificate('x')] }), /not one PEM block/],
    [
      'agent-data.json',
      JSON.stringify({ svid: [certificate('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')] }),
      /does not parse/,
    ],
    ['keys.json', '[]', /is not as expected/],
    ['keys.json', '{"keys":{"agent-svid-A":"c2VjcmV0"}}', /does not parse/],
  ] as const;
  for (const [name, content, problem] of damages) {
    it(`names ${name} and what is wrong when it holds ${content.slice(0, 30)}`, async () => {
      await filled();
      await open().load();
      await writeFile(file(name), content);
      await assert.rejects(open().load(), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'ERR_STORAGE');
        assert.ok(error.message.startsWith(`${file(name)} is damaged: `), error.message);
        assert.match(error.message, problem);
        assert.match(error.message, /join again with a new join token/);
        assert.doesNotMatch(error.message, /c2VjcmV0/);
        return true;
      });
    });
  }
});
