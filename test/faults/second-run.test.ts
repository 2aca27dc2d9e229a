// A second daemon where one runs: it says what is taken and exits 1, and the first does not notice.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Admin } from '../support/admin.js';
import type { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { watchingWorkload, type WatchingWorkload } from '../support/watching-workload.js';

describe('a second daemon', () => {
  let deployment: Deployment;
  let server: Child;
  let agent: Child;
  let workload: WatchingWorkload;

  before(async () => {
    deployment = await Deployment.create();
    server = await deployment.startServer();
    await deployment.createEntry('/web');
    agent = await deployment.launchAgent();
    workload = await watchingWorkload(deployment.workloadSocket());
  });

  after(async () => {
    workload[Symbol.dispose]();
    await deployment[Symbol.asyncDispose]();
  });

  const elsewhere = (): string => join(deployment.folder, 'elsewhere');
  const serverCases = [
    {
      name: 'data directory',
      flags: () => ['--data-dir', deployment.serverDataDir],
      says: () => `data directory ${deployment.serverDataDir} is in use by a running process (process ${server.pid})`,
    },
    {
      name: 'socket',
      flags: () => ['--socket-path', deployment.adminSocket],
      says: () => deployment.adminSocket,
    },
    {
      name: 'port',
      flags: () => ['--port', String(deployment.port)],
      says: () => `127.0.0.1:${deployment.port} is in use by another process`,
    },
  ];
  for (const { name, flags, says } of serverCases) {
    it(`server on the same ${name}`, async () => {
      const places = ['--data-dir', join(elsewhere(), 'data'), '--socket-path', join(elsewhere(), 's', 'admin.sock')];
      const chosen = new Map([...pairs(['--port', '0', ...places]), ...pairs(flags())]);
      const all = ['--trust-domain', 'example.org', '--bind-address', '127.0.0.1', ...[...chosen].flat()];
      const { code, stderr } = await deployment.runServer(all);
      assert.equal(code, 1);
      assert.ok(stderr.startsWith('Error: ') && stderr.includes(says()), stderr);
      assert.ok(server.running);
      using admin = new Admin(deployment.adminSocket);
      assert.equal((await admin.listEntries()).filter(({ spiffe_id: id }) => id?.path === '/web').length, 1);
    });
  }

  const agentCases = [
    {
      name: 'data directory',
      flags: () => ['--data-dir', deployment.agentDataDir()],
      says: () => `data directory ${deployment.agentDataDir()} is in use by a running process (process ${agent.pid})`,
    },
    {
      name: 'socket',
      flags: () => ['--socket-path', deployment.workloadSocket()],
      says: () => deployment.workloadSocket(),
    },
  ];
  for (const { name, flags, says } of agentCases) {
    it(`agent on the same ${name}`, async () => {
      const places = ['--data-dir', join(elsewhere(), 'agent'), '--socket-path', join(elsewhere(), 'a', 'api.sock')];
      const chosen = new Map([...pairs(places), ...pairs(flags())]);
      const where = ['--server-address', '127.0.0.1', '--server-port', String(deployment.port)];
      const joining = await deployment.joinFlags();
      const all = ['--trust-domain', 'example.org', ...where, ...joining, ...[...chosen].flat()];
      const { code, stderr } = await deployment.runAgent(all);
      assert.equal(code, 1);
      assert.ok(stderr.startsWith('Error: ') && stderr.includes(says()), stderr);
      assert.ok(agent.running);
      using another = await watchingWorkload(deployment.workloadSocket());
      assert.deepEqual(another.paths, ['/web']);
      assert.equal(workload.ending, undefined);
      // It found out before it joined: no second agent, and the token is not spent.
      using admin = new Admin(deployment.adminSocket);
      assert.equal((await admin.agentIds()).length, 1);
    });
  }
});

function pairs(flags: readonly string[]): [string, string][] {
  return Array.from({ length: flags.length / 2 }, (_, i) => [flags[2 * i]!, flags[2 * i + 1]!]);
}
