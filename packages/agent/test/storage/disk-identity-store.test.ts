import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JwtBundle, TrustDomain } from '@credence/sdk';
import { generateKey } from '@credence/sdk/keys';
import { systemRandom } from '@credence/sdk/runtime';
import { TestCa } from '@credence/sdk/testing';
import { createPublicKey } from 'node:crypto';
import { parseAgentSvid, type AgentSvid } from '../../dist/domain/agent-svid.js';
import type { RememberedIdentities } from '../../dist/domain/remembered-identities.js';
import { DiskIdentityStore } from '../../dist/storage/disk-identity-store.js';
import { bundle, entry, svid } from '../support/entries.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { temporaryDirectory } from '../../../sdk/dist-test/support/temporary-directory.js';

const name = 'workload-identities.sealed';
const secret = 'private key of web';
const now = new Date('2030-01-01T00:00:00Z');

describe('identities on disk', () => {
  let ca: TestCa;
  let agent: AgentSvid;
  let remembered: RememberedIdentities;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let log: RecordingLogger;

  before(async () => {
    ca = await TestCa.create('example.org');
    agent = await agentSvid();
    remembered = await everything();
  });

  beforeEach(async () => {
    directory = await temporaryDirectory();
    log = new RecordingLogger();
  });

  afterEach(() => directory[Symbol.asyncDispose]());

  async function agentSvid(path = '/spire/agent/join_token/t'): Promise<AgentSvid> {
    const { chain, privateKey } = await ca.credential(path);
    return parseAgentSvid(chain, privateKey, false);
  }

  async function everything(): Promise<RememberedIdentities> {
    const trustDomain = TrustDomain.parse('example.org');
    const publicKey = createPublicKey(await generateKey('ec-p256'));
    const own = {
      ...bundle('example.org', 'one', 'two'),
      x509Authorities: [{ certificate: Buffer.from('one'), tainted: true }],
      jwtBundle: JwtBundle.fromAuthorities(trustDomain, [{ keyId: 'kid', publicKey }]),
      taintedJwtKeyIds: new Set(['kid']),
      refreshHintSeconds: 60,
      sequenceNumber: 2n ** 60n,
    };
    const web = entry('web', {
      federatesWith: [TrustDomain.parse('other.test')],
      ...{ hint: 'internal', admin: true, downstream: true, jwtSvidIncludeJti: true, revisionNumber: 7n },
    });
    const held = { svid: { ...svid(now, 3_600_000), privateKey: Buffer.from(secret) }, rotateAt: now };
    return {
      writtenAt: now,
      identities: [
        { entry: web, held },
        { entry: entry('lazy', { disableX509SvidPrefetch: true }), held: undefined },
        { entry: entry('stored', { storeSvid: true }), held: undefined },
      ],
      bundle: own,
      federatedBundles: [bundle('other.test', 'three')],
    };
  }

  const open = (): DiskIdentityStore => new DiskIdentityStore({ directory: directory.path, random: systemRandom, log });
  const path = (): string => join(directory.path, name);
  const load = (who: AgentSvid | undefined = agent, keys = [agent.privateKey]): Promise<unknown> =>
    open().load(who, keys);

  it('come back as they were', async () => {
    await open().store(agent, remembered);
    assert.deepEqual(await load(), remembered);
    assert.deepEqual(log.records, []);
  });

  it('are nothing at first, and nobody is told', async () => {
    assert.equal(await load(), undefined);
    assert.deepEqual(log.records, []);
  });

  it('are private under any umask, and no key of theirs is on the disk in clear', async () => {
    const umask = process.umask(0);
    try {
      await open().store(agent, remembered);
    } finally {
      process.umask(umask);
    }
    assert.equal((await stat(path())).mode & 0o777, 0o600);
    const file = await readFile(path());
    for (const text of [secret, Buffer.from(secret).toString('base64'), 'web', 'internal']) {
      assert.equal(file.includes(text), false, text);
    }
  });

  it('can be read by the key before the last, should the agent have ended just after it got a new one', async () => {
    await open().store(agent, remembered);
    const renewed = await agentSvid();
    assert.deepEqual(await load(renewed, [renewed.privateKey, agent.privateKey]), remembered);
  });

  it('come back beside what a process that was killed while writing left behind', async () => {
    await open().store(agent, remembered);
    await writeFile(`${path()}.tmp`, 'part of a key');
    assert.deepEqual(await load(), remembered);
    assert.deepEqual(await readdir(directory.path), [name]);
  });

  it('are the old or the new, never half of either, when the agent is killed while it writes', async () => {
    const script = new URL('../support/endless-writer.js', import.meta.url).pathname;
    const credential = [...agent.chain, agent.privateKey].map((der) => der.toString('base64'));
    for (let round = 0; round < 4; round++) {
      const writer = spawn(process.execPath, [script, directory.path, ...credential], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(writer.stdout, 'data');
      writer.kill('SIGKILL');
      await once(writer, 'exit');
      const found = await open().load(agent, [agent.privateKey]);
      assert.equal(found?.identities.length, 200);
      assert.equal(new Set(found.identities.map(({ entry: { spiffeId } }) => String(spiffeId))).size, 1);
      assert.deepEqual(await readdir(directory.path), [name]);
    }
  }).timeout(30_000);

  it('are sealed anew each time: equal content, another file', async () => {
    await open().store(agent, remembered);
    const first = await readFile(path());
    await open().store(agent, remembered);
    assert.equal(first.equals(await readFile(path())), false);
  });

  const damages: readonly { name: string; reason: RegExp; damage: (file: Buffer) => Buffer }[] = [
    { name: 'empty', reason: /damaged/, damage: () => Buffer.alloc(0) },
    { name: 'cut short', reason: /damaged/, damage: (file) => file.subarray(0, -1) },
    { name: 'cut in its label', reason: /damaged/, damage: (file) => file.subarray(0, 10) },
    { name: 'cut after its label', reason: /damaged/, damage: (file) => file.subarray(0, file.indexOf('\n') + 1) },
    { name: 'changed by one bit', reason: /damaged/, damage: (file) => flipped(file, file.length - 40) },
    {
      name: 'of another format',
      reason: /^it has format 2; 1 is read$/,
      damage: (file) => Buffer.from(file.toString('latin1').replace('"format":1', '"format":2'), 'latin1'),
    },
    { name: 'with more in its label', reason: /damaged/, damage: (file) => Buffer.concat([Buffer.from(' '), file]) },
  ];
  for (const { name: what, reason, damage } of damages) {
    it(`are thrown away with one line in the log when the file is ${what}`, async () => {
      await open().store(agent, remembered);
      await writeFile(path(), damage(await readFile(path())));
      assert.equal(await load(), undefined);
      assert.deepEqual(await readdir(directory.path), []);
      assert.equal(log.records.length, 1);
      assert.match((log.records[0]?.fields as { reason: string }).reason, reason);
    });
  }

  it('are thrown away when they are of another agent, or of an agent without an SVID', async () => {
    const other = await agentSvid('/spire/agent/join_token/other');
    for (const [who, reason] of [
      [other, `it is of the agent ${String(agent.id)}`],
      [undefined, 'the agent that wrote it has no SVID any more'],
    ] as const) {
      log.records.length = 0;
      await open().store(agent, remembered);
      assert.equal(await open().load(who, [agent.privateKey]), undefined);
      assert.deepEqual(
        log.records.map(({ fields }) => (fields as { reason: string }).reason),
        [reason],
      );
      assert.deepEqual(await readdir(directory.path), []);
    }
  });

  it('are thrown away when the agent has another key', async () => {
    await open().store(agent, remembered);
    const { privateKey } = await agentSvid();
    assert.equal(await load(agent, [privateKey]), undefined);
    assert.equal(log.records.length, 1);
  });

  it('hold no secret in what the log says of them', async () => {
    await open().store(agent, remembered);
    await writeFile(path(), `{"format":1,"agent":"${secret}\n`);
    await load();
    assert.equal(JSON.stringify(log.records).includes(secret), false);
  });
});

function flipped(file: Buffer, at: number): Buffer {
  const copy = Buffer.from(file);
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  return copy;
}
