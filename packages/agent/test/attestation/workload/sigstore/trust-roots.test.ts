import assert from 'node:assert/strict';
import { chmod, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ManualClock } from '@credence/sdk/testing';
import { TrustRoots } from '../../../../dist/attestation/workload/sigstore/trust-roots.js';
import { temporaryFolder } from '../../../support/endpoint.js';
import { FakeSigstore } from '../../../support/fake-sigstore.js';
import { FakeTuf, type TufChange, type TufRole } from '../../../support/fake-tuf.js';
import { RecordingLogger } from '../../../support/recording-logger.js';

const target = 'trusted_root.json';
const dayMs = 24 * 60 * 60 * 1000;
const notRefreshed = 'sigstore trusted root not refreshed';

describe('the trusted root that The Update Framework brings', () => {
  let tuf: FakeTuf;
  let folder: string;
  let rootPath: string;
  let clock: ManualClock;
  let log: RecordingLogger;
  // Two, as one follows the other.
  let first: string;
  let second: string;

  before(async () => {
    first = await new FakeSigstore().trustedRoot();
    second = await new FakeSigstore().trustedRoot();
  });

  beforeEach(async () => {
    tuf = await FakeTuf.start();
    folder = await temporaryFolder();
    rootPath = join(folder, 'root.json');
    await writeFile(rootPath, tuf.root());
    clock = new ManualClock();
    log = new RecordingLogger();
  });

  afterEach(async () => {
    await tuf[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  // Each call is an agent that starts anew.
  const trustRoots = (): TrustRoots => {
    const source = { kind: 'tuf', repository: { url: tuf.url, rootPath } } as const;
    return new TrustRoots({ clock, log, source, cachePath: join(folder, 'tuf') });
  };

  async function assertTrusts(roots: TrustRoots, trustedRoot: string): Promise<void> {
    const path = join(folder, 'expected.json');
    await writeFile(path, trustedRoot);
    const expected = new TrustRoots({ clock, log, source: { kind: 'file', path }, cachePath: folder });
    assert.deepEqual((await roots.current()).tlogs, (await expected.current()).tlogs);
  }

  const refused = (roots: TrustRoots, reason: RegExp): Promise<void> =>
    assert.rejects(roots.current(), (error: Error & { readonly code?: string }) => {
      assert.equal(error.code, 'ERR_ATTESTATION');
      assert.match(error.message, new RegExp(`^no trusted root from ${tuf.url}: `));
      assert.match(error.message, reason);
      return true;
    });

  describe('is kept', () => {
    it('for a day, and then asked for again', async () => {
      tuf.publish(target, first);
      const roots = trustRoots();
      await assertTrusts(roots, first);
      const asked = tuf.requests.length;
      tuf.publish(target, second, { version: 2 });
      await clock.advance(dayMs - 1);
      await assertTrusts(roots, first);
      assert.equal(tuf.requests.length, asked);
      await clock.advance(1);
      await assertTrusts(roots, second);
      assert.equal(log.records.length, 0);
    });

    it('for longer while the repository is not reached, with a warning', async () => {
      tuf.publish(target, first);
      const roots = trustRoots();
      await assertTrusts(roots, first);
      await clock.advance(dayMs);
      tuf.files.clear();
      await assertTrusts(roots, first);
      const [{ level, message, fields }] = log.records as [(typeof log.records)[number]];
      assert.deepEqual([level, message], ['warn', notRefreshed]);
      assert.match((fields as { err: Error }).err.message, /^no trusted root from http:.*: .*Failed to download/);
      tuf.publish(target, second, { version: 2 });
      await clock.advance(10 * 60 * 1000 - 1);
      await assertTrusts(roots, first);
      await clock.advance(1);
      await assertTrusts(roots, second);
      assert.equal(log.count(notRefreshed), 1);
    });

    it('also through a restart, until its metadata expire', async () => {
      tuf.publish(target, first);
      await assertTrusts(trustRoots(), first);
      tuf.files.clear();
      await assertTrusts(trustRoots(), first);
      assert.equal(log.count(notRefreshed), 1);
    });

    it('for all who ask meanwhile', async () => {
      tuf.publish(target, first);
      const roots = trustRoots();
      await Promise.all([roots.current(), roots.current(), roots.current()]);
      assert.equal(tuf.requests.filter((path) => path.endsWith('timestamp.json')).length, 1);
    });

    it('with its first root, of which another begins anew; a file that may only be read will do', async () => {
      await chmod(rootPath, 0o444);
      tuf.publish(target, first);
      await assertTrusts(trustRoots(), first);
      const path = join(folder, 'tuf');
      const [cache = ''] = await readdir(path);
      assert.equal((await stat(join(path, cache, 'first-root.json'))).mode & 0o777, 0o600);
      await using other = await FakeTuf.start();
      other.publish(target, second);
      await rm(rootPath);
      await writeFile(rootPath, other.root());
      await refused(trustRoots(), /was signed by 0\/1 keys/);
    });

    it('and so it is when the repository serves what must be refused', async () => {
      tuf.publish(target, first);
      const roots = trustRoots();
      await assertTrusts(roots, first);
      await clock.advance(dayMs);
      tuf.publish(target, second, { version: 2, forged: 'timestamp' });
      await assertTrusts(roots, first);
      assert.equal(log.count(notRefreshed), 1);
    });

    it('on disk, where it is believed no more than what comes over the network', async () => {
      tuf.publish(target, first);
      await assertTrusts(trustRoots(), first);
      const names = await readdir(folder, { recursive: true });
      const cached = join(folder, names.find((name) => name.endsWith(`/targets/${target}`)) ?? '');
      await writeFile(cached, second);
      await assertTrusts(trustRoots(), first);
    });
  });

  it('follows the root from one version to the next', async () => {
    tuf.publish(target, first);
    tuf.files.set('/2.root.json', tuf.root(2));
    tuf.files.set('/3.root.json', tuf.root(3));
    await assertTrusts(trustRoots(), first);
    assert.deepEqual(
      tuf.requests.filter((path) => path.endsWith('root.json')),
      ['/2.root.json', '/3.root.json', '/4.root.json', '/targets/trusted_root.json'],
    );
  });

  describe('is refused', () => {
    const roles: readonly TufRole[] = ['timestamp', 'snapshot', 'targets'];
    const cases: readonly [string, TufChange, RegExp][] = [
      ...roles.map((forged): [string, TufChange, RegExp] => [
        `with a ${forged} that another key signed`,
        { forged },
        new RegExp(`${forged} was signed by 0/1 keys`),
      ]),
      ...roles.map((expired): [string, TufChange, RegExp] => [
        `with a ${expired} that has expired`,
        { expired },
        new RegExp(`${expired}.json is expired`),
      ]),
      ['with a target of another length', { served: '{}' }, /error downloading target .*Expected length/],
    ];
    for (const [name, change, reason] of cases) {
      it(name, async () => {
        tuf.publish(target, first, change);
        await refused(trustRoots(), reason);
        tuf.publish(target, first);
        await assertTrusts(trustRoots(), first);
      });
    }

    it('with a target of another hash and the same length', async () => {
      tuf.publish(target, first, { served: first.replace('2020', '2019') });
      await refused(trustRoots(), /Expected hash [0-9a-f]{64} but got/);
    });

    it('with a target that goes on beyond its length', async () => {
      tuf.publish(target, first, { served: `${first} ` });
      await refused(trustRoots(), /Max length reached/);
    });

    it('with a root that another key signed, that has expired or that skips a version', async () => {
      tuf.publish(target, first);
      for (const [root, reason] of [
        [tuf.root(2, { forged: 'root' }), /root was signed by 0\/1 keys/],
        [tuf.root(3), /Expected version 2, got 3/],
        [tuf.root(2, { expired: 'root' }), /root\.json is expired/],
      ] as const) {
        tuf.files.set('/2.root.json', root);
        await refused(trustRoots(), reason);
      }
    });

    it('when it was there before: an older timestamp (TUF 5.4.3)', async () => {
      tuf.publish(target, second, { version: 2 });
      await assertTrusts(trustRoots(), second);
      tuf.publish(target, first, { version: 1 });
      await assertTrusts(trustRoots(), second);
      const [{ fields }] = log.records as [(typeof log.records)[number]];
      assert.match((fields as { err: Error }).err.message, /version 1 is less than current version 2/);
    });

    it('when it is no trusted root, or is not there', async () => {
      tuf.publish(target, 'neither');
      await refused(trustRoots(), /not valid JSON/);
      tuf.publish('other.json', first, { version: 2 });
      await refused(trustRoots(), /target trusted_root\.json not found/);
    });

    it('when the repository is not reached from the start, which says why', async () => {
      await refused(trustRoots(), /error refreshing TUF metadata: Failed to download$/);
    });

    it('when the file of the first root is not there', async () => {
      tuf.publish(target, first);
      await rm(rootPath);
      await refused(trustRoots(), /ENOENT: .*root\.json/);
      assert.deepEqual(tuf.requests, []);
    });
  });
});
