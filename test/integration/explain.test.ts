// `explain` on both sides, by the story of somebody whose workload has no identity.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Admin } from '../support/admin.js';
import { Child, type Finished } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { until } from '../support/until.js';

const uid = String(process.getuid?.());
const gid = String(process.getgid?.());

describe('explain', () => {
  let deployment: Deployment;
  let server: Child;
  let agentSocket: string;
  let agentId: string;
  let workload: Child;

  before(async () => {
    deployment = await Deployment.create();
    agentSocket = join(deployment.folder, 'agent', 'private', 'admin.sock');
    server = await deployment.startServer();
    // It asks by itself, and so finds out by itself that the server is away.
    const experimental = { sync_interval: '200ms', watch_changes: false };
    await deployment.startAgent({ config: { admin_socket_path: agentSocket, experimental } });
    using admin = new Admin(deployment.adminSocket);
    agentId = (await admin.agentIds())[0] ?? '';
    workload = deployment.track(new Child('sleep', ['3600']));
  });
  after(() => deployment[Symbol.asyncDispose]());

  const explain = (...flags: string[]): Promise<Finished> =>
    deployment.agent('explain', '--socket-path', agentSocket, '--pid', String(workload.pid), ...flags);
  const said = async (...flags: string[]): Promise<string> => {
    const { code, stdout, stderr } = await explain(...flags);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const known = (...texts: string[]): Promise<boolean> =>
    until('the agent to know the entries', async () => {
      const told = await said('--all');
      return texts.every((text) => told.includes(text));
    });
  const serverSays = (...flags: string[]): Promise<string> =>
    deployment.admin('entry', 'explain', '--agent', agentId, ...flags);

  it('tells who forgot a selector which one it is, until the identity arrives', async () => {
    const missing = ['--selector', `unix:uid:${uid}`, '--selector', 'unix:user:somebody-else'];
    const near = await deployment.createEntry('/web', ...missing);
    const far = await deployment.createEntry('/db', '--selector', 'unix:uid:4711', '--selector', 'unix:gid:4711');
    await known(near, far);

    const told = await said();
    assert.ok(
      told.startsWith(`Process ${String(workload.pid)} acts for user ${uid} and group ${gid}.\n  unix: found\n`),
    );
    assert.match(told, new RegExp(`\n    unix:uid:${uid}\n`));
    assert.match(told, new RegExp(`\nAgent ${agentId} is in sync with its server, last at \\d{4}-`));
    assert.match(told, /The Workload API answers "no identity issued"/);
    const missed = told.slice(told.indexOf('entries do not match'));
    assert.ok(
      missed.startsWith(`entries do not match, the nearest first:

spiffe://example.org/web (entry ${near})
  missing selector unix:user:somebody-else

spiffe://example.org/db (entry ${far})
  missing selector unix:uid:4711
  missing selector unix:gid:4711
`),
      missed,
    );

    const right = ['--selector', `unix:uid:${uid}`, '--selector', `unix:gid:${gid}`];
    await deployment.admin(
      ...['entry', 'update', '--entry-id', near, '--spiffe-id', 'spiffe://example.org/web'],
      ...['--parent-id', 'spiffe://example.org/agent', ...right],
    );
    await until('the identity', async () => (await said()).includes('answers with 1 identity:'));
    const served = await said();
    assert.match(
      served,
      new RegExp(`spiffe://example.org/web \\(entry ${near}\\)\n  served as the default, until \\d{4}-.* UTC\n`),
    );
    assert.match(served, new RegExp(`  by selector unix:gid:${gid}\n`));
  });

  it('says of selectors that no process of the agent can have, why', async () => {
    const unfound = ['docker:label:app:web', 'unix:path:/usr/bin/web', 'unix:sha256:00', 'unix:uid:4711'];
    const id = await deployment.createEntry('/boxed', ...unfound.flatMap((selector) => ['--selector', selector]));
    await known(id);
    const told = await said('--all');
    const lines = `spiffe://example.org/boxed (entry ${id})
  missing selector docker:label:app:web: this agent has no workload attestor docker
  missing selector unix:path:/usr/bin/web: this agent does not look for it (discover_workload_path)
  missing selector unix:sha256:00: this agent does not look for it (discover_workload_path, workload_size_limit)
  missing selector unix:uid:4711
`;
    assert.ok(told.includes(lines), told);
  });

  it('hands over to the server, which tells of an entry below another parent', async () => {
    const lost = await deployment.createEntry('/lost', '--parent-id', 'spiffe://example.org/agent-2');
    const told = await serverSays('--selector', `unix:uid:${uid}`);
    assert.match(told, new RegExp(`^Agent ${agentId} is attested until \\d{4}-`));
    assert.match(
      told,
      /\nThere a workload with these selectors gets 0 identities\.\n\nIt does not get \d entries, the nearest first:/,
    );
    const line = `spiffe://example.org/lost (entry ${lost})
  its parent spiffe://example.org/agent-2 is not this agent
    it is the ID of no agent, of no alias and of no entry below one
`;
    assert.ok(told.includes(line), told);
  });

  it('tells on the server of an alias whose selectors the agent lacks', async () => {
    const node = ['--parent-id', 'spiffe://example.org/spire/server', '--selector', 'x509pop:subject:cn:node'];
    const alias = await deployment.createEntry('/nodes', ...node);
    const below = await deployment.createEntry('/below', '--parent-id', 'spiffe://example.org/nodes');
    const told = await serverSays('--selector', `unix:uid:${uid}`);
    const line = `spiffe://example.org/below (entry ${below})
  its parent spiffe://example.org/nodes is not this agent
    it leads to alias spiffe://example.org/nodes (entry ${alias})
      which needs node selector x509pop:subject:cn:node
`;
    assert.ok(told.includes(line), told);
    const { stdout } = await deployment.server(
      ...['entry', 'explain', '--agent', agentId, '--selector', `unix:uid:${uid}`, '--output', 'json'],
    );
    const { agent, missed } = JSON.parse(stdout) as {
      agent: { state: string };
      missed: { entry: { id: string }; parent: { aliases: { entry_id: string }[] } | null }[];
    };
    assert.equal(agent.state, 'STATE_ATTESTED');
    assert.equal(missed.find(({ entry }) => entry.id === below)?.parent?.aliases[0]?.entry_id, alias);
  });

  it('shows a few of many entries, all when asked to, and nothing that is secret', async () => {
    using admin = new Admin(deployment.adminSocket);
    for (let index = 0; index < 11; index++) await admin.createEntry(`/many-${index}`);
    await known('/many-10');
    assert.match(await said(), /\d+ entries do not match, the nearest first \(10 shown; --all shows all\):/);
    const json = await said('--all', '--output', 'json');
    const { missed, missed_count: count } = JSON.parse(json) as { missed: unknown[]; missed_count: number };
    assert.equal(missed.length, count);
    assert.ok(count >= 11);
    assert.doesNotMatch(json, /[A-Za-z0-9+/=]{65}/, 'a key or a certificate');
  });

  it('takes the own ID of an agent only, and says where it is to be seen', async () => {
    const alias = ['--agent', 'spiffe://example.org/agent', '--selector', 'unix:uid:1'];
    const { code, stderr } = await deployment.server('entry', 'explain', ...alias);
    assert.equal(code, 2);
    assert.match(stderr, /--agent is spiffe:\/\/example\.org\/agent; the agent's own ID is accepted.*agent list/);
  });

  it('refuses a dead process, and a call without one', async () => {
    const dead = new Child('true', []);
    await dead.finished;
    const gone = await deployment.agent('explain', '--socket-path', agentSocket, '--pid', String(dead.pid));
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, /NotFound desc = there is no process \d+, or no longer/);
    const none = await deployment.agent('explain', '--socket-path', agentSocket);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /--pid is required/);
  });

  it('says where not to ask', async () => {
    const workloads = deployment.workloadSocket();
    const { code, stderr } = await deployment.agent('explain', '--socket-path', workloads, '--pid', '1');
    assert.equal(code, 1);
    assert.ok(stderr.includes(`; ${workloads} is not the admin socket of a credence-agent: `), stderr);
  });

  it('tells that the agent is out of step with its server, since when and why, and what is served all the same', async () => {
    await server.stop();
    await until('the agent to find out', async () => (await said()).includes('is not in sync'));
    const told = await said();
    const instant = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC`;
    const agent = `\nAgent ${agentId} is not in sync with its server; it last was at ${instant}\\.\n  at ${instant}: \\S`;
    assert.match(told, new RegExp(agent));
    assert.match(told, /The Workload API answers with 1 identity:/);
  });
});
