import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, readdir, readFile, readlink, realpath, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLogger } from '@credence/sdk/runtime';
import { VersionedDirectory, type VersionedFile } from '../../dist/helper/versioned-directory.js';
import { temporaryDirectory, type TemporaryDirectory } from '../../../sdk/dist-test/support/temporary-directory.js';
import { RecordingLogger } from '../support/recording-logger.js';

const pair = (content: string): VersionedFile[] => [
  { name: 'cert.pem', content, mode: 0o644 },
  { name: 'key.pem', content, mode: 0o600 },
];

// What the user to whom the folder belongs runs: as soon as there is a version, a link is in its place.
const theft = `
  const { readdirSync, renameSync, symlinkSync } = require('node:fs');
  const [path, target] = process.argv.slice(1);
  process.setgid(12345);
  process.setuid(12345);
  const seen = new Set(readdirSync(path));
  let count = 0;
  const steal = () => {
    for (const name of readdirSync(path).filter((one) => one.startsWith('..version-') && !seen.has(one))) {
      seen.add(name);
      try {
        renameSync(path + '/' + name, path + '/stolen-' + name);
        symlinkSync(target, path + '/' + name);
        count++;
      } catch {}
    }
    setImmediate(steal);
  };
  steal();
  process.on('message', () => process.send(count));
  process.send('ready');
`;

class Thief implements AsyncDisposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(path: string, target: string): Promise<Thief> {
    const child = spawn(process.execPath, ['--eval', theft, path, target], { stdio: [0, 1, 2, 'ipc'] });
    const first: unknown = await Promise.race([once(child, 'message'), once(child, 'close')]);
    assert.deepEqual(first, ['ready', undefined]);
    return new Thief(child);
  }

  /** @returns how often it had its way */
  async stop(): Promise<number> {
    this.#child.send('stop');
    const [count] = (await once(this.#child, 'message')) as [number];
    return count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await once(this.#child, 'close');
  }
}

describe('VersionedDirectory', () => {
  let folder: TemporaryDirectory;
  let path: string;
  let directory: VersionedDirectory;

  beforeEach(async () => {
    folder = await temporaryDirectory();
    path = join(folder.path, 'deep', 'svid');
    directory = create();
    await directory.prepare();
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  const create = (changes: { owner?: number; log?: RecordingLogger } = {}): VersionedDirectory =>
    new VersionedDirectory({ path, owner: undefined, group: undefined, log: silentLogger, ...changes });
  const read = (name: string): Promise<string> => readFile(join(path, name), 'utf8');
  const versions = async (): Promise<string[]> => (await readdir(path)).filter((name) => name.startsWith('..version-'));

  it('publishes files with exactly their modes, whatever the umask, and replaces them', async () => {
    const umask = process.umask(0o077);
    try {
      await directory.publish(pair('one'));
    } finally {
      process.umask(umask);
    }
    assert.deepEqual([await read('cert.pem'), await read('key.pem')], ['one', 'one']);
    const modes = await Promise.all(['cert.pem', 'key.pem', '.'].map((name) => stat(join(path, name))));
    assert.deepEqual(
      modes.map(({ mode }) => mode & 0o777),
      [0o644, 0o600, 0o755],
    );
    assert.equal((await stat(await realpath(join(path, '..data')))).mode & 0o777, 0o755);
    await directory.publish(pair('two'));
    assert.deepEqual([await read('cert.pem'), await read('key.pem')], ['two', 'two']);
  });

  it('never shows two versions mixed to a reader that resolves ..data once', async () => {
    await directory.publish(pair('0'));
    const done = new AbortController();
    const reading = (async () => {
      let reads = 0;
      for (; !done.signal.aborted; reads++) {
        const version = await realpath(join(path, '..data'));
        const [certificate, key] = await Promise.all([
          readFile(join(version, 'cert.pem'), 'utf8'),
          readFile(join(version, 'key.pem'), 'utf8'),
        ]);
        assert.equal(certificate, key);
      }
      return reads;
    })();
    for (let round = 1; round <= 20; round++) await directory.publish(pair(String(round)));
    done.abort();
    assert.ok((await reading) > 10);
  });

  it('keeps the version before for those who are reading it, and no older one', async () => {
    for (const content of ['one', 'two', 'three']) await directory.publish(pair(content));
    const kept = await Promise.all((await versions()).map((name) => read(`${name}/key.pem`)));
    assert.deepEqual(kept.sort(), ['three', 'two']);
  });

  it('leaves the version before in force when a file cannot be written', async () => {
    await directory.publish(pair('one'));
    const tooLong = { name: 'x'.repeat(300), content: '', mode: 0o600 };
    await assert.rejects(directory.publish([...pair('two'), tooLong]), { code: 'ENAMETOOLONG' });
    assert.equal(await read('cert.pem'), 'one');
    assert.equal((await versions()).length, 1);
  });

  it('removes what a process that was killed left behind, and nothing else', async () => {
    await directory.publish(pair('one'));
    const current = await readlink(join(path, '..data'));
    await mkdir(join(path, '..version-killed'));
    await writeFile(join(path, '..version-killed', 'key.pem'), 'half');
    await writeFile(join(path, '....data.unfinished'), '');
    await writeFile(join(path, 'others.txt'), '');
    await create().prepare();
    assert.deepEqual((await readdir(path)).sort(), ['..data', current, 'cert.pem', 'key.pem', 'others.txt'].sort());
  });

  it('takes the place of plain files', async () => {
    await writeFile(join(path, 'cert.pem'), 'old');
    await directory.publish(pair('new'));
    assert.equal(await read('cert.pem'), 'new');
  });

  it('warns of a folder in which others may replace the files', async () => {
    const log = new RecordingLogger();
    const message = 'others may replace the files in this folder';
    await create({ log }).prepare();
    assert.equal(log.count(message), 0);
    await chmod(path, 0o777);
    await create({ log }).prepare();
    assert.equal(log.count(message), 1);
  });

  it('follows no link that somebody to whom the folder belongs puts in the place of a version', async function () {
    if (process.geteuid?.() !== 0) return; // only root writes where others may
    await chmod(folder.path, 0o755);
    await chown(path, 12345, 12345);
    const bystander = join(folder.path, 'bystander');
    await mkdir(bystander, { mode: 0o700 });
    await writeFile(join(bystander, 'precious'), '');
    for (const name of ['..version-old', '..version-odd.unfinished']) await symlink(bystander, join(path, name));
    await directory.publish(pair('one'));
    assert.equal(await read('cert.pem'), 'one');
    await using thief = await Thief.start(path, bystander);
    for (let round = 0; round < 50; round++) await directory.publish(pair(String(round))).catch(() => undefined);
    assert.ok((await thief.stop()) > 0, 'the place of a version was taken');
    assert.deepEqual(await readdir(bystander), ['precious']);
    assert.equal((await stat(bystander)).mode & 0o777, 0o700);
  });

  it('gives the files to their owner before they are in force', async function () {
    if (process.geteuid?.() !== 0) return; // chown(2) is root's
    await create({ owner: 12345 }).publish(pair('one'));
    const owners = await Promise.all(['cert.pem', 'key.pem'].map((name) => stat(join(path, name))));
    assert.deepEqual(
      owners.map(({ uid }) => uid),
      [12345, 12345],
    );
  });
});
