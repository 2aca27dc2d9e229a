// SPIRE's API SDK as a delegate, as Cilium uses it, on the admin sockets of our agent and of a real spire-agent: both
// answer the same.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Child } from '../support/child.js';
import { Deployment, trustDomain } from '../support/deployment.js';
import { until } from '../support/until.js';
import { endOf, program } from './programs.js';
import { RealSpireAgent } from './real-spire-agent.js';

describe('delegated identity by the API SDK of SPIRE', function () {
  let deployment: Deployment;
  let goPeer: string;
  let sockets: Readonly<Record<'ours' | 'theirs', string>>;
  const parent = (name: string): string[] => ['--parent-id', `spiffe://${trustDomain}/${name}`];
  const delegated = ['--selector', 'cilium:mtls'];

  before(async function () {
    goPeer = program(this, 'go-peer');
    const spireAgent = program(this, 'spire-agent');
    deployment = await Deployment.create();
    await deployment.startServer();
    await deployment.writeBundle();
    const socketOf = (agent: string): string => join(deployment.folder, agent, 'private', 'admin.sock');
    sockets = { ours: socketOf('agent'), theirs: socketOf('spire-admin') };
    const authorized_delegates = [`spiffe://${trustDomain}/cilium`];
    await deployment.startAgent({ config: { admin_socket_path: sockets.ours, authorized_delegates } });
    const spire = await RealSpireAgent.create(deployment, spireAgent, {
      agent: `admin_socket_path = "${sockets.theirs}", authorized_delegates = ${JSON.stringify(authorized_delegates)}`,
    });
    await spire.start('-joinToken', await deployment.generateToken('/spire-node'));
  });
  after(() => endOf(deployment));

  const delegate = (socket: string): Child =>
    deployment.track(new Child(goPeer, ['delegate', socket, 'cilium:mtls', 'api']));

  it('is refused to who is no delegate, with the same words', async () => {
    const words: string[] = [];
    for (const socket of Object.values(sockets)) {
      const { code, stderr } = await delegate(socket).finished;
      assert.equal(code, 1);
      words.push(stderr);
    }
    assert.match(words[0]!, /PermissionDenied/);
    assert.equal(words[0], words[1]);
  });

  it('gives X.509-SVIDs, JWT-SVIDs and bundles of the selectors asked for, and follows the entries', async () => {
    const said: Record<string, unknown>[][] = [];
    for (const [name, socket] of [
      ['agent', sockets.ours],
      ['spire-node', sockets.theirs],
    ] as const) {
      const ids = [await deployment.createEntry('/cilium', ...parent(name))];
      ids.push(await deployment.createEntry('/identity/1', ...parent(name), ...delegated, '--hint', 'one'));
      ids.push(await deployment.createEntry('/identity/2', ...parent(name), ...delegated));
      ids.push(await deployment.createEntry('/admin', ...parent(name), ...delegated, '--admin'));
      const running = await until('two identities', () => listening(socket), 30);
      ids.push(await deployment.createEntry('/identity/3', ...parent(name), ...delegated));
      await until('the third', () => svids(running).length === 3, 30);
      said.push([...running.reports.filter((report) => 'tokens' in report), running.reports.at(-1)!]);
      await running.stop();
      for (const id of ids) await deployment.admin('entry', 'delete', '--entry-id', id);
    }
    const id = (path: string): string => `spiffe://${trustDomain}${path}`;
    assert.deepEqual(said[0], [
      { tokens: [id('/identity/1'), id('/identity/2')] },
      { svids: [`${id('/identity/1')} one`, `${id('/identity/2')} `, `${id('/identity/3')} `], federatesWith: null },
    ]);
    assert.deepEqual(said[0], said[1]);
  });

  /** A delegate that has been told of both identities; undefined when it came too early. */
  async function listening(socket: string): Promise<Child | undefined> {
    const running = delegate(socket);
    await until('an answer', () => !running.running || running.reports.some((report) => 'svids' in report));
    if (running.reports.some((report) => String(report['tokens']).split(',').length === 2)) return running;
    await running.stop();
    return undefined;
  }
  const svids = (running: Child): unknown[] => (running.reports.at(-1)?.['svids'] ?? []) as unknown[];
});
