// `credence-agent helper` beside the real agent, with identities that live for seconds.
import assert from 'node:assert/strict';
import { watch } from 'node:fs';
import { mkdir, readdir, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { X509Svid } from '@credence/sdk';
import { Child, node } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { repository } from '../support/source-tree.js';
import { until } from '../support/until.js';

const command = join(repository, 'packages/agent/bin/credence-agent.js');

describe('credence-agent helper', () => {
  let deployment: Deployment;
  let entryId: string;
  let count = 0;

  before(async () => {
    deployment = await Deployment.create();
    await deployment.startServer();
    entryId = await deployment.createEntry('/web');
    await deployment.startAgent();
  });
  after(() => deployment[Symbol.asyncDispose]());

  const newFolder = (): string => join(deployment.folder, `svid-${++count}`);
  const flags = (folder: string): string[] => ['--cert-dir', folder, '--socket-path', deployment.workloadSocket()];
  const start = (folder: string, ...more: string[]): Child =>
    deployment.track(node(command, ['helper', ...flags(folder), ...more]));
  const load = async (folder: string): Promise<X509Svid> => {
    const version = await realpath(join(folder, '..data'));
    return X509Svid.load(join(version, 'svid.pem'), join(version, 'svid_key.pem'));
  };
  const lines = async (path: string): Promise<string[]> =>
    (await readFile(path, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');

  it('writes the files and ends with --init, and says with --check whether they are good', async () => {
    const folder = newFolder();
    const before = await deployment.agent('helper', ...flags(folder), '--check');
    assert.deepEqual([before.code, before.stdout], [1, '']);
    assert.match(before.stderr, /^Files are not good: ENOENT/);
    const init = await deployment.agent('helper', ...flags(folder), '--init');
    assert.equal(init.code, 0, init.stderr);
    assert.equal((await load(folder)).id.path, '/web');
    assert.equal(await readFile(join(folder, 'svid_bundle.pem'), 'utf8'), await deployment.admin('bundle', 'show'));
    const modes = await Promise.all(['svid.pem', 'svid_key.pem'].map((name) => stat(join(folder, name))));
    assert.deepEqual(
      modes.map(({ mode }) => mode & 0o777),
      [0o644, 0o600],
    );
    const check = await deployment.agent('helper', ...flags(folder), '--check');
    assert.equal(check.code, 0, check.stderr);
    assert.match(check.stdout, /^Files are good: spiffe:\/\/example\.org\/web until \d{4}-/);
  });

  it('renews the files, certificates and key always of one identity, and lets programs know', async () => {
    const folder = newFolder();
    const [ran, signalled, pidFile, metrics] = ['ran', 'signalled', 'pid', 'metrics'].map((name) =>
      join(deployment.folder, name),
    ) as [string, string, string, string];
    const program = new Child('sh', ['-c', `trap 'echo hup >> ${signalled}' HUP; while :; do sleep 0.05; done`]);
    deployment.track(program);
    await writeFile(pidFile, `${String(program.pid)}\n`);
    const config = join(deployment.folder, 'helper.yaml');
    const keys = { cmd: '/bin/sh', cmd_args: ['-c', `cat ${folder}/svid.pem | cksum >> ${ran}`] };
    const renewal = { ...keys, pid_file_name: pidFile, renew_signal: 'SIGHUP', metrics_file: metrics };
    await writeFile(config, JSON.stringify({ cert_dir: folder, ...renewal }));
    await deployment.admin(
      ...['entry', 'update', '--entry-id', entryId, '--spiffe-id', 'spiffe://example.org/web', '--x509-svid-ttl', '4'],
      ...['--parent-id', 'spiffe://example.org/agent', '--selector', `unix:uid:${String(process.getuid?.())}`],
    );
    const helper = start(folder, '--config', config);
    await until('the first files', () => load(folder));
    const seen = new Set<string>();
    await until('three renewals', async () => {
      seen.add((await load(folder)).certificates[0].raw.toString('base64'));
      return seen.size >= 4;
    });
    await until('a run for each', async () => new Set(await lines(ran)).size >= seen.size);
    await until('a signal for each', async () => (await lines(signalled)).length >= seen.size);
    await until('the metrics', async () => {
      const expiry = Math.floor((await load(folder)).expiresAt.getTime() / 1000);
      return (await readFile(metrics, 'utf8')).includes(
        `svid_expiry_timestamp_seconds{cert_dir="${folder}"} ${expiry}\n`,
      );
    });
    assert.equal((await helper.stop()).code, 0);
    await load(folder);
  });

  it('leaves no half file and no mixed ones when it is killed in the middle, and cleans up at its next start', async () => {
    const folder = newFolder();
    await mkdir(folder);
    await start(folder, '--init').finished;
    for (let round = 0; round < 3; round++) {
      const helper = start(folder);
      using _ = onNew('..version-', folder, () => helper.process.kill('SIGKILL'));
      await helper.finished;
      await load(folder);
      await X509Svid.load(join(folder, 'svid.pem'), join(folder, 'svid_key.pem'));
    }
    assert.equal((await start(folder, '--init').finished).code, 0);
    const left = (await readdir(folder)).filter((name) => name.startsWith('..') && name !== '..data');
    assert.ok(left.length <= 2 && left.every((name) => name.startsWith('..version-')), left.join());
  });
});

/** Calls back as soon as something new in the folder has a name with the prefix. */
function onNew(prefix: string, folder: string, callback: () => void): Disposable {
  const watcher = watch(folder, (_, name) => {
    if (name?.startsWith(prefix) === true) callback();
  });
  return {
    [Symbol.dispose]: () => {
      watcher.close();
    },
  };
}
