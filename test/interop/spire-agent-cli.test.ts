// The real spire-agent command asks our agent, on both of its sockets; what it prints is compared with what ours prints.
import assert from 'node:assert/strict';
import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Child, node, type Finished } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { repository } from '../support/source-tree.js';
import { until } from '../support/until.js';
import { endOf, program } from './programs.js';

const ourAgent = join(repository, 'packages/agent/bin/credence-agent.js');

describe('the real spire-agent command on our sockets', function () {
  let deployment: Deployment;
  let theirs: (...args: string[]) => Promise<Finished>;
  let token: string;
  let adminSocket: string;

  const ours = (...args: string[]): Promise<Finished> => node(ourAgent, args).finished;

  before(async function () {
    const spireAgent = program(this, 'spire-agent');
    theirs = (...args) => new Child(spireAgent, args).finished;
    deployment = await Deployment.create();
    adminSocket = join(deployment.folder, 'agent', 'private', 'admin.sock');
    await deployment.startServer();
    await deployment.startAgent({ config: { admin_socket_path: adminSocket } });
    const id = await deployment.createEntry('/web', '--hint', 'main');
    await until('the identity to arrive', async () => {
      const { stdout } = await ours('api', 'fetch', ...workload());
      return stdout.includes('/web');
    });
    assert.ok(id);
    const fetched = await ours('api', 'fetch', 'jwt', '-audience', 'api', '-output', 'json', ...workload());
    const [{ svids }] = JSON.parse(fetched.stdout) as [{ svids: [{ svid: string }] }];
    token = svids[0].svid;
  });
  after(() => endOf(deployment));

  const workload = (): string[] => ['-socketPath', deployment.workloadSocket()];
  const admin = (): string[] => ['-socketPath', adminSocket];

  /** Both print the same, in the same way, but for durations. */
  async function same(...args: string[]): Promise<Finished> {
    const [spire, credence] = await Promise.all([theirs(...args), ours(...args)]);
    const shape = ({ code, stdout, stderr }: Finished): object => ({
      code,
      stdout: stdout.replace(/after [\d.]+m?s/, 'after t').replace(/(Uptime: +|"uptime":)\w+/, '$1t'),
      stderr,
    });
    assert.deepEqual(shape(credence), shape(spire));
    return credence;
  }

  it('finds the agent healthy', async () => {
    assert.equal((await same('healthcheck', ...workload())).stdout, 'Agent is healthy.\n');
    await same('healthcheck', '-verbose', ...workload());
  });

  for (const output of ['pretty', 'json']) {
    it(`fetches X.509-SVIDs, ${output}`, async () => {
      await same('api', 'fetch', 'x509', '-output', output, ...workload());
    });

    it(`fetches and validates JWT-SVIDs, ${output}`, async () => {
      await same('api', 'fetch', 'jwt', '-audience', 'api', '-output', output, ...workload());
      await same('api', 'validate', 'jwt', '-audience', 'api', '-svid', token, '-output', output, ...workload());
    });

    it(`shows facts about the agent, ${output}`, async () => {
      await same('debug', 'getinfo', '-output', output, ...admin());
    });

    it(`shows and changes the level of the log, ${output}`, async () => {
      for (const args of [['get'], ['set', '-level', 'warn'], ['reset']]) {
        assert.equal((await same('logger', ...args, '-output', output, ...admin())).code, 0);
      }
    });
  }

  it('writes the same files', async () => {
    const written = await Promise.all(
      [theirs, ours].map(async (run, index) => {
        const folder = join(deployment.folder, `written-${index}`);
        await mkdir(folder);
        assert.equal((await run('api', 'fetch', 'x509', '-silent', '-write', folder, ...workload())).code, 0);
        const names = (await readdir(folder)).sort();
        return Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')]));
      }),
    );
    assert.equal(written[0]!.length, 3);
    assert.deepEqual(written[1], written[0]);
  });
});
