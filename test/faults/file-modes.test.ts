// What the daemons leave on disk is private under any umask, and their sockets are for those whom they are for.
import assert from 'node:assert/strict';
import { chmod, chown, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Deployment } from '../support/deployment.js';
import { until } from '../support/until.js';
import { watchingWorkload } from '../support/watching-workload.js';

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o7777).toString(8);
}

/** The modes of a folder and of all that is in it. */
async function modesIn(folder: string): Promise<Map<string, string>> {
  const modes = new Map([['.', await modeOf(folder)]]);
  for (const name of await readdir(folder, { recursive: true })) modes.set(name, await modeOf(join(folder, name)));
  return modes;
}

describe('the place of a socket', () => {
  const places = [
    { whose: 'in which anybody could put another', prepare: (path: string) => chmod(path, 0o777) },
    ...(process.geteuid?.() === 0
      ? [{ whose: 'that somebody else owns', prepare: (path: string) => chown(path, 65534, 65534) }]
      : []),
  ];
  for (const { whose, prepare } of places) {
    it(`is refused by the agent in a folder ${whose}, and left as it is`, async () => {
      await using deployment = await Deployment.create();
      const folder = dirname(deployment.workloadSocket());
      await mkdir(folder, { recursive: true, mode: 0o755 });
      await prepare(folder);
      const before = await stat(folder);
      const agent = await deployment.launchAgent({ token: false });
      const { code, stderr } = await agent.finished;
      assert.equal(code, 1);
      assert.ok(stderr.startsWith('Error: ') && stderr.includes(folder), stderr);
      const { mode, uid } = await stat(folder);
      assert.deepEqual({ mode, uid }, { mode: before.mode, uid: before.uid });
      assert.deepEqual(await readdir(folder), []);
    }).timeout(20_000);
  }
});

describe('the folder of a socket', () => {
  it('ends the agent with the reason when it is gone by the time that the agent has joined', async () => {
    await using deployment = await Deployment.create();
    const server = await deployment.startServer();
    const flags = await deployment.joinFlags();
    await server.stop('SIGTERM');
    const agent = await deployment.launchAgent({ token: false, flags });
    const folder = dirname(deployment.workloadSocket());
    await until('the agent to look for the server', () => agent.stdout.includes('node attestation'));
    await rm(folder, { recursive: true });
    await writeFile(folder, '');
    await deployment.startServer();
    const { code, stderr } = await agent.finished;
    assert.equal(code, 1);
    assert.ok(stderr.startsWith('Error: ') && stderr.includes(folder), stderr);
  }).timeout(60_000);
});

describe('the files of the daemons', () => {
  for (const umask of ['000', '022', '077']) {
    it(`have their modes under umask ${umask}`, async () => {
      await using deployment = await Deployment.create();
      const shell = `umask ${umask}`;
      const logs = join(deployment.folder, 'logs');
      await deployment.startServer({ shell, flags: ['--log-file', `${logs}-server`] });
      await deployment.createEntry('/web');
      await deployment.launchAgent({ shell, flags: ['--log-file', `${logs}-agent`] });
      using workload = await watchingWorkload(deployment.workloadSocket());
      assert.deepEqual(workload.paths, ['/web']);
      const expected = [
        { folder: deployment.serverDataDir, files: ['datastore.sqlite3', 'keys.json', 'lock'] },
        { folder: deployment.agentDataDir(), files: ['agent-data.json', 'keys.json', 'lock'] },
      ];
      for (const { folder, files } of expected) {
        const modes = await modesIn(folder);
        for (const file of files) assert.ok(modes.has(file), `${file} is not in ${[...modes.keys()].join()}`);
        for (const [name, mode] of modes) assert.equal(mode, name === '.' ? '700' : '600', join(folder, name));
      }
      for (const path of [deployment.serverDataDir, deployment.agentDataDir(), deployment.workloadSocket()]) {
        const { uid, gid } = await stat(path);
        assert.deepEqual({ uid, gid }, { uid: process.geteuid?.(), gid: process.getegid?.() }, path);
      }
      for (const path of [`${logs}-server`, `${logs}-agent`]) assert.match(await modeOf(path), /^6[04]0$/);
      assert.equal(await modeOf(deployment.adminSocket), '770');
      assert.equal(await modeOf(deployment.workloadSocket()), '777');
      assert.equal(await modeOf(dirname(deployment.workloadSocket())), '755');
    }).timeout(20_000);
  }
});
