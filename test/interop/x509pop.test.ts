// Node attestation by x509pop between ours and theirs: a real spire-agent at our server, our agent at a real
// spire-server. Both sides attest again when they renew.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { node, type Child } from '../support/child.js';
import { Deployment, trustDomain } from '../support/deployment.js';
import { NodePki } from '../support/node-pki.js';
import { repository } from '../support/source-tree.js';
import { until } from '../support/until.js';
import { forceRotation } from './forced-rotation.js';
import { endOf, program } from './programs.js';
import { RealSpireAgent, lastIds, storedSvid, workloadOf } from './real-spire-agent.js';
import { startSpireServer, type SpireCommand } from './real-spire-server.js';

const keyTypes = ['ec-p256', 'rsa-2048'] as const;

interface ListedAgent {
  readonly id: { readonly path: string };
  readonly x509svid_serial_number: string;
  readonly selectors: readonly { readonly value: string }[];
}

function named(list: string, name: string): ListedAgent | undefined {
  const { agents } = JSON.parse(list) as { agents: ListedAgent[] };
  return agents.find(({ selectors }) => selectors.some(({ value }) => value === `subject:cn:${name}`));
}

/** What both servers have to say of a node of this PKI. */
function checkAgent(agent: ListedAgent, name: string): void {
  assert.match(agent.id.path, /^\/spire\/agent\/x509pop\/[0-9a-f]{40}$/);
  const kinds = agent.selectors.map(({ value }) => value.replace(/[0-9a-f]{30,}$/, ''));
  assert.deepEqual(kinds.sort(), [
    'ca:fingerprint:',
    'ca:fingerprint:',
    `san:rack:${name}`,
    'serialnumber:',
    `subject:cn:${name}`,
  ]);
}

describe('x509pop: a real spire-agent on our server', function () {
  let deployment: Deployment;
  let spireAgent: string;
  let goPeer: string;
  let pki: NodePki;
  let server: Child;
  const startServer = () =>
    deployment.startServer({
      config: { agent_ttl: '12s', ratelimit: { attestation: false } },
      plugins: { NodeAttestor: { x509pop: { plugin_data: { ca_bundle_path: pki.bundlePath } } } },
    });

  before(async function () {
    spireAgent = program(this, 'spire-agent');
    goPeer = program(this, 'go-peer');
    deployment = await Deployment.create();
    pki = await NodePki.create(deployment.folder);
    server = await startServer();
    await deployment.writeBundle();
  });
  after(() => endOf(deployment));

  const found = async (name: string) => named(await deployment.admin('agent', 'list', '--output', 'json'), name);
  async function create(name: string, keyType?: (typeof keyTypes)[number]): Promise<RealSpireAgent> {
    const files = Object.entries(await pki.node(name, { ...(keyType && { keyType }) }));
    const data = files.map(([key, path]) => `${key} = "${String(path)}"`).join('\n    ');
    const nodeAttestor = `NodeAttestor "x509pop" { plugin_data {\n    ${data}\n  } }`;
    return RealSpireAgent.create(deployment, spireAgent, { name, nodeAttestor });
  }

  for (const keyType of keyTypes) {
    it(`joins with a key of the type ${keyType}, and attests again in time`, async () => {
      const agent = (await create(keyType, keyType)).launch();
      const first = await until('it to attest', async () => {
        if (!agent.running) throw new Error(`it ended: ${agent.stdout.slice(-3000)}`);
        return found(keyType);
      });
      checkAgent(first, keyType);
      await until(
        'a new agent SVID',
        async () => (await found(keyType))?.x509svid_serial_number !== first.x509svid_serial_number,
        30,
      );
      assert.ok(agent.running, agent.stdout.slice(-3000));
      await agent.stop();
    });
  }

  it('serves go-spiffe what the entries of its selectors give, and attests again at once when it is evicted', async () => {
    const alias = ['--parent-id', `spiffe://${trustDomain}/spire/server`, '--selector', 'x509pop:subject:cn:evicted'];
    await deployment.createEntry('/evicted', ...alias);
    await deployment.createEntry('/web', '--parent-id', `spiffe://${trustDomain}/evicted`);
    const spire = await create('evicted');
    const agent = await spire.start();
    const workload = spire.workload(goPeer, 'watch');
    await until('an identity', () => lastIds(workload) === `spiffe://${trustDomain}/web`, 30);

    const { path } = (await found('evicted'))!.id;
    await deployment.admin('agent', 'evict', '-spiffeID', `spiffe://${trustDomain}${path}`);
    await until('it to be back', async () => (await found('evicted')) !== undefined, 30);
    await deployment.createEntry('/late', '--parent-id', `spiffe://${trustDomain}/evicted`);
    await until('what is created then', () => lastIds(workload).includes('/late'), 30);
    assert.ok(agent.running, agent.stdout.slice(-3000));
  });

  it('survives our restart, follows a forced rotation, and removes its SVID and shuts down when it is banned', async () => {
    const alias = ['--parent-id', `spiffe://${trustDomain}/spire/server`, '--selector', 'x509pop:subject:cn:banned'];
    await deployment.createEntry('/banned', ...alias);
    await deployment.createEntry('/before', '--parent-id', `spiffe://${trustDomain}/banned`);
    const spire = await create('banned');
    const agent = await spire.start();
    const workload = spire.workload(goPeer, 'watch');
    await until('an identity', () => lastIds(workload) === `spiffe://${trustDomain}/before`, 30);

    await server.stop();
    server = await startServer();
    const authority = (...args: string[]) => deployment.admin('localauthority', ...args);
    await forceRotation({ authority, socket: spire.socket, own: () => spire.svid() });
    await deployment.createEntry('/after', '--parent-id', `spiffe://${trustDomain}/banned`);
    await until('what is created then', () => lastIds(workload).includes('/after'), 30);

    const { path } = (await found('banned'))!.id;
    await deployment.admin('agent', 'ban', '-spiffeID', `spiffe://${trustDomain}${path}`);
    const { stdout } = await until('spire-agent to end', () => !agent.running && agent.finished, 30);
    assert.ok(stdout.includes('Agent is banned: removing SVID and shutting down'), stdout.slice(-2000));
    assert.equal(await spire.svid(), undefined);
  });
});

describe('x509pop: our agent on a real spire-server', function () {
  let deployment: Deployment;
  let spire: SpireCommand;
  let pki: NodePki;
  let goPeer: string;

  before(async function () {
    goPeer = program(this, 'go-peer');
    deployment = await Deployment.create();
    pki = await NodePki.create(deployment.folder);
    spire = await startSpireServer(this, deployment, {
      server: 'agent_ttl = "12s"\n  ratelimit { attestation = false }',
      nodeAttestor: `NodeAttestor "x509pop" { plugin_data { ca_bundle_path = "${pki.bundlePath}" } }`,
    });
    await writeFile(join(deployment.folder, 'bundle.pem'), (await spire('bundle', 'show')).stdout);
  });
  after(() => endOf(deployment));

  const found = async (name: string) => named((await spire('agent', 'list', '-output', 'json')).stdout, name);
  async function launch(name: string, keyType?: (typeof keyTypes)[number]): Promise<Child> {
    const file = join(deployment.folder, `${name}.yaml`);
    const plugin_data = await pki.node(name, { ...(keyType && { keyType }) });
    await writeFile(file, JSON.stringify({ plugins: { NodeAttestor: { x509pop: { plugin_data } } } }));
    return deployment.track(
      node(join(repository, 'packages/agent/bin/credence-agent.js'), [
        ...['run', '--config', file, '--trust-domain', trustDomain, '--server-address', '127.0.0.1'],
        ...['--server-port', String(deployment.port), '--trust-bundle', join(deployment.folder, 'bundle.pem')],
        ...['--data-dir', deployment.agentDataDir(name), '--socket-path', deployment.workloadSocket(name)],
      ]),
    );
  }

  for (const keyType of keyTypes) {
    it(`joins with a key of the type ${keyType}, and attests again in time`, async () => {
      const agent = await launch(keyType, keyType);
      const first = await until('our agent to attest', async () => {
        if (!agent.running) throw new Error(`it ended: ${agent.stdout}${agent.stderr}`);
        return found(keyType);
      });
      checkAgent(first, keyType);
      await until(
        'a new agent SVID',
        async () => (await found(keyType))?.x509svid_serial_number !== first.x509svid_serial_number,
        30,
      );
      assert.ok(agent.running, agent.stdout);
      if (keyType === 'ec-p256') {
        const evicted = await spire('agent', 'evict', '-spiffeID', `spiffe://${trustDomain}${first.id.path}`);
        assert.equal(evicted.code, 0, evicted.stderr);
        await until('it to attest again after its eviction', () => found(keyType), 30);
        assert.ok(agent.running, agent.stdout);
      }
      await agent.stop();
    });
  }

  it('serves go-spiffe, survives its restart, follows a forced rotation, and ends and says why when it is banned', async () => {
    const done = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await spire(...args);
      assert.equal(code, 0, stdout + stderr);
      return stdout;
    };
    const [parent, socket] = [`spiffe://${trustDomain}/banned`, deployment.workloadSocket('banned')];
    await done('entry', 'create', '-node', '-spiffeID', parent, '-selector', 'x509pop:subject:cn:banned');
    const create = (path: string): Promise<string> => {
      const uid = `unix:uid:${String(process.getuid?.())}`;
      return done(
        ...['entry', 'create', '-spiffeID', `spiffe://${trustDomain}${path}`, '-parentID', parent, '-selector', uid],
      );
    };
    await create('/before');
    const agent = await launch('banned');
    await until('our agent to serve', () => agent.reports.some(({ msg }) => msg === 'agent is ready'), 30);
    const workload = workloadOf(deployment, socket, goPeer, 'watch');
    await until('an identity', () => lastIds(workload) === `spiffe://${trustDomain}/before`, 30);

    await spire.restart();
    const authority = (...args: string[]) => done('localauthority', ...args);
    await forceRotation({ authority, socket, own: () => storedSvid(deployment.agentDataDir('banned')) });
    await create('/after');
    await until('what is created then', () => lastIds(workload).includes('/after'), 30);

    const { path } = (await found('banned'))!.id;
    await done('agent', 'ban', '-spiffeID', `spiffe://${trustDomain}${path}`);
    const { code, stderr } = await until('our agent to end', () => !agent.running && agent.finished, 30);
    assert.equal(code, 1);
    assert.match(stderr, /AGENT_BANNED|agent is banned/); // the latter when it was about to attest again
    assert.equal(await storedSvid(deployment.agentDataDir('banned')), undefined);
  });
});
