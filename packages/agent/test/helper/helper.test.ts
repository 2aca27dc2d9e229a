import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLogger, systemClock, systemRandom, type Logger } from '@credence/sdk/runtime';
import { X509Svid } from '@credence/sdk';
import { FakeWorkloadApi, TestCa } from '@credence/sdk/testing';
import { checkFiles } from '../../dist/helper/check-files.js';
import { Helper } from '../../dist/helper/helper.js';
import { RenewalNotice } from '../../dist/helper/renewal-notice.js';
import type { HelperSettings } from '../../dist/helper/settings.js';
import { temporaryDirectory, type TemporaryDirectory } from '../../../sdk/dist-test/support/temporary-directory.js';
import { until } from '../../../sdk/dist-test/support/until.js';
import { RecordingLogger } from '../support/recording-logger.js';

/** A process of some user. */
class Sleeper implements AsyncDisposable {
  readonly pid: number;
  readonly #child: ChildProcess;

  constructor(uid: number) {
    this.#child = spawn('/bin/sleep', ['60'], { uid, stdio: 'ignore' });
    this.pid = this.#child.pid ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await once(this.#child, 'close');
  }
}

const shell = (script: string): readonly [string, ...string[]] => ['/bin/sh', '-c', script];

describe('Helper', () => {
  let ca: TestCa;
  let fake: FakeWorkloadApi;
  let folder: TemporaryDirectory;
  let stop: AbortController;
  let running: Promise<void>;

  before(async () => {
    ca = await TestCa.create('example.org');
  });
  beforeEach(async () => {
    fake = await FakeWorkloadApi.start();
    folder = await temporaryDirectory();
    stop = new AbortController();
    running = Promise.resolve();
  });
  afterEach(async () => {
    stop.abort();
    await running.catch(() => undefined);
    await fake[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const file = (name: string): string => join(folder.path, name);
  const settings = (changes: Partial<HelperSettings> = {}): HelperSettings => ({
    address: fake.address,
    hint: undefined,
    directory: { path: file('svid'), owner: undefined, group: undefined },
    files: { certificates: 'c.pem', key: 'k.pem', bundle: 'b.pem', certificateMode: 0o644, keyMode: 0o600 },
    renewal: { command: undefined, pidFile: undefined, signal: undefined },
    metricsFile: file('metrics.prom'),
    ...changes,
  });
  const create = (changes: Partial<HelperSettings> = {}, log: Logger = silentLogger): Helper =>
    new Helper(settings(changes), { clock: systemClock, random: systemRandom, log });
  const start = (...given: Parameters<typeof create>): void => {
    running = create(...given).run(stop.signal);
    running.catch(() => undefined);
  };
  const issue = async (path: string, options: Parameters<TestCa['x509Svid']>[1] = {}): Promise<X509Svid> => {
    const svid = await ca.x509Svid(`spiffe://example.org${path}`, options);
    fake.setX509([svid], [ca.bundle()]);
    return svid;
  };
  const inFiles = (): Promise<X509Svid> => X509Svid.load(file('svid/c.pem'), file('svid/k.pem'));
  const shows = (path: string): Promise<boolean> =>
    until(`the files of ${path}`, async () => (await inFiles()).id.path === path);

  it('writes certificates, key and bundle, and writes them anew with each update', async () => {
    await issue('/one');
    start();
    await shows('/one');
    assert.equal(await readFile(file('svid/b.pem'), 'utf8'), ca.bundle().toPem());
    await issue('/two');
    await shows('/two');
  });

  it('waits for an identity', async () => {
    start();
    await until('the helper to ask', () => fake.requests.length > 0);
    await issue('/late');
    await shows('/late');
  });

  it('writes the files once with init, and tells no program', async () => {
    await issue('/one');
    await create({ renewal: { command: shell(`touch ${file('told')}`), pidFile: undefined, signal: undefined } }).init(
      stop.signal,
    );
    assert.equal((await inFiles()).id.path, '/one');
    await assert.rejects(readFile(file('told')), { code: 'ENOENT' });
  });

  it('runs the command after each renewal, with the new files in place', async () => {
    const command = shell(`cat ${file('svid/c.pem')} >> ${file('seen')}`);
    const first = await issue('/one');
    start({ renewal: { command, pidFile: undefined, signal: undefined } });
    const seen = (): Promise<string> => readFile(file('seen'), 'utf8').catch(() => '');
    await until('the first run', async () => (await seen()) === first.certChainPem());
    const second = await issue('/two');
    await until('the second run', async () => (await seen()) === first.certChainPem() + second.certChainPem());
  });

  it('sends a command that still runs the signal, and ends it with itself', async () => {
    const command = shell(
      `trap 'echo hup >> ${file('seen')}' HUP; echo on >> ${file('seen')}; while :; do sleep 0.05; done`,
    );
    await issue('/one');
    start({ renewal: { command, pidFile: undefined, signal: 'SIGHUP' } });
    const seen = (): Promise<string> => readFile(file('seen'), 'utf8').catch(() => '');
    await until('the command to run', async () => (await seen()) === 'on\n');
    await issue('/two');
    await until('the signal', async () => (await seen()) === 'on\nhup\n');
    stop.abort();
    await assert.rejects(running, { name: 'AbortError' });
  });

  it('runs the command again after one that took longer than until the next renewal', async () => {
    const command = shell(`echo run >> ${file('seen')}; while [ ! -e ${file('go')} ]; do sleep 0.02; done`);
    await issue('/one');
    start({ renewal: { command, pidFile: undefined, signal: undefined } });
    const runs = async (): Promise<number> => (await readFile(file('seen'), 'utf8')).split('run').length - 1;
    await until('the first run', async () => (await runs()) === 1);
    await issue('/two');
    await shows('/two');
    await writeFile(file('go'), '');
    await until('the second run', async () => (await runs()) === 2);
  });

  it('counts in its metrics what fails, and goes on', async () => {
    const log = new RecordingLogger();
    const svid = await issue('/one');
    start({ renewal: { command: ['/no/such/program'], pidFile: file('no.pid'), signal: 'SIGHUP' } }, log);
    const metrics = (): Promise<string> => readFile(file('metrics.prom'), 'utf8');
    await until('the failures', async () => (await metrics()).includes('credence_helper_failures_total{'));
    await until('both failures', async () => /failures_total\{cert_dir=".*"\} 2\n/.test(await metrics()));
    const expiry = Math.floor(svid.expiresAt.getTime() / 1000);
    assert.match(await metrics(), new RegExp(`svid_expiry_timestamp_seconds\\{cert_dir=".*/svid"\\} ${expiry}\n`));
    assert.match(await metrics(), /renewals_total\{.*\} 1\n/);
    assert.equal(log.count('the command could not be run'), 1);
    assert.equal(log.count('the signal could not be sent'), 1);
    await issue('/two');
    await shows('/two');
  });

  describe('signals the process of a file', () => {
    const log = new RecordingLogger();
    const give = async (pidFile: string): Promise<string> => {
      log.records.length = 0;
      const signal = 'SIGURG'; // by default it does nothing
      const options = {
        command: undefined,
        pidFile,
        signal,
        clock: systemClock,
        log,
        onFailure: () => undefined,
      } as const;
      await using notice = new RenewalNotice(options);
      await notice.give();
      return log.records.map(({ fields }) => String((fields as { err?: Error }).err?.message)).join();
    };
    const others = [12345, 23456] as const;

    it('that is its own, root’s, or of the same user as the process', async () => {
      await writeFile(file('one.pid'), `${process.pid}\nmore\n`);
      assert.equal(await give(file('one.pid')), '');
      if (process.geteuid?.() !== 0) return; // chown(2) is root's
      await using child = new Sleeper(others[0]);
      await writeFile(file('other.pid'), String(child.pid));
      await chown(file('other.pid'), others[0], others[0]);
      assert.equal(await give(file('other.pid')), '');
    });

    it('but none of another user than the file’s', async function () {
      if (process.geteuid?.() !== 0) return;
      await using child = new Sleeper(others[0]);
      for (const pid of [child.pid, process.pid]) {
        await writeFile(file('other.pid'), String(pid));
        await chown(file('other.pid'), others[1], others[1]);
        assert.match(await give(file('other.pid')), /belongs to user 23456/);
      }
    });

    it('but follows no link, and does not wait for a pipe', async () => {
      await writeFile(file('one.pid'), String(process.pid));
      await symlink(file('one.pid'), file('link.pid'));
      assert.match(await give(file('link.pid')), /ELOOP/);
      execFileSync('mkfifo', [file('pipe.pid')]);
      assert.match(await give(file('pipe.pid')), /no file/);
    });
  });

  it('tries again what it could not write', async () => {
    const log = new RecordingLogger();
    await issue('/one');
    start({}, log);
    await shows('/one');
    // A folder in the link's place: rename(2) refuses.
    await rm(file('svid/c.pem'));
    await mkdir(file('svid/c.pem/in-the-way'), { recursive: true });
    await issue('/two');
    await until('the failure', () => log.count('the files could not be written') > 0);
    await rm(file('svid/c.pem'), { recursive: true });
    await shows('/two');
  });

  it('chooses the identity by its hint', async () => {
    const [one, two] = await Promise.all(
      ['one', 'two'].map((hint) => ca.x509Svid(`spiffe://example.org/${hint}`, { hint })),
    );
    fake.setX509([one!, two!], [ca.bundle()]);
    start({ hint: 'two' });
    await shows('/two');
  });

  describe('checkFiles', () => {
    const check = (now: Date): Promise<X509Svid> => checkFiles(settings(), now);
    const after = (svid: X509Svid, share: number): Date =>
      new Date(svid.notBefore.getTime() + share * (svid.expiresAt.getTime() - svid.notBefore.getTime()));

    it('finds files good until a renewal is long due', async () => {
      const svid = await issue('/one');
      await create().init(stop.signal);
      assert.equal((await check(after(svid, 0.7))).id.path, '/one');
      await assert.rejects(check(after(svid, 0.8)), { message: /should have been renewed by now/ });
      await assert.rejects(check(after(svid, 1)), { message: /expired at/ });
    });

    it('finds files bad that are missing or do not belong together', async () => {
      await assert.rejects(check(new Date()), { code: 'ENOENT' });
      const svid = await issue('/one');
      await create().init(stop.signal);
      await check(after(svid, 0.1));
      const other = await ca.x509Svid('spiffe://example.org/other');
      await writeFile(file('svid/k.pem'), other.privateKeyPem());
      await assert.rejects(check(after(svid, 0.1)));
    });
  });
});
