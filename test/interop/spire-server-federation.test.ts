// Our server and a real spire-server federate both ways by https_spiffe: each fetches the other's bundle from its endpoint,
// and go-spiffe on either side accepts the X.509-SVIDs of the other.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Child, Finished } from '../support/child.js';
import { Deployment, freePort } from '../support/deployment.js';
import { until } from '../support/until.js';
import { endOf, program } from './programs.js';
import { RealSpireAgent, workloadOf } from './real-spire-agent.js';
import { startSpireServer, type SpireCommand } from './real-spire-server.js';

const [ourDomain, theirDomain] = ['ours.example', 'theirs.example'];

describe('federation of our server with a real spire-server', function () {
  let ours: Deployment;
  let theirs: Deployment;
  let spire: SpireCommand;
  let spireAgent: string;
  let goPeer: string;
  let ports: { readonly ours: number; readonly theirs: number };

  before(async function () {
    spireAgent = program(this, 'spire-agent');
    goPeer = program(this, 'go-peer');
    [ours, theirs] = [await Deployment.create(ourDomain), await Deployment.create(theirDomain)];
    ports = { ours: await freePort(), theirs: await freePort() };
    const endpoint = { address: '127.0.0.1', port: ports.ours, profile: { https_spiffe: null } };
    await ours.startServer({ config: { federation: { bundle_endpoint: endpoint } } });
    const server = `federation {
    bundle_endpoint {
      address = "127.0.0.1"
      port = ${String(ports.theirs)}
      profile "https_spiffe" {}
    }
  }`;
    spire = await startSpireServer(this, theirs, { server });
  });
  after(() => endOf(ours, theirs));

  const done = ({ code, stdout, stderr }: Finished): string => {
    assert.equal(code, 0, stdout + stderr);
    return stdout;
  };
  const create = async (name: string, port: number, bundle: string, folder: string): Promise<string[]> => {
    const path = join(folder, `${name}.json`);
    await writeFile(path, bundle);
    return [
      ...['federation', 'create', '-trustDomain', name, '-bundleEndpointURL', `https://127.0.0.1:${String(port)}/`],
      ...['-bundleEndpointProfile', 'https_spiffe', '-endpointSpiffeID', `spiffe://${name}/spire/server`],
      ...['-trustDomainBundlePath', path, '-trustDomainBundleFormat', 'spiffe'],
    ];
  };
  const authorities = (pem: string): number => pem.split('BEGIN CERTIFICATE').length - 1;

  it('each side holds the bundle of the other, and a new authority once it is published', async () => {
    const show = ['bundle', 'show', '-format', 'spiffe'];
    const our = await create(ourDomain, ports.ours, await ours.admin(...show), theirs.folder);
    const their = await create(theirDomain, ports.theirs, done(await spire(...show)), ours.folder);
    done(await spire(...our));
    await ours.admin(...their);

    await ours.admin('localauthority', 'x509', 'prepare');
    done(await spire('localauthority', 'x509', 'prepare'));
    done(await spire('federation', 'refresh', '-id', ourDomain));
    await ours.admin('federation', 'refresh', '--id', theirDomain);
    const [held, fetched] = [
      done(await spire('bundle', 'list', '-id', ourDomain)),
      await ours.admin('bundle', 'list', '--id', theirDomain),
    ];
    assert.deepEqual([authorities(held), authorities(fetched)], [2, 2]);
    assert.equal(held, await ours.admin('bundle', 'show'));
    assert.equal(fetched, done(await spire('bundle', 'show')));
  });

  it('go-spiffe on each side accepts what the other side issues, in both roles, and nothing for another identity', async () => {
    const [our, their] = [`spiffe://${ourDomain}/web`, `spiffe://${theirDomain}/api`];
    await ours.startAgent();
    await ours.createEntry('/web', '--federates-with', `spiffe://${theirDomain}`);
    await writeFile(join(theirs.folder, 'bundle.pem'), done(await spire('bundle', 'show')));
    const node = ['-spiffeID', `spiffe://${theirDomain}/agent`];
    const token = done(await spire('token', 'generate', ...node))
      .split(' ')[1]!
      .trim();
    const uid = String(process.getuid?.());
    done(
      await spire(
        ...['entry', 'create', '-spiffeID', their, '-parentID', `spiffe://${theirDomain}/agent`],
        ...['-selector', `unix:uid:${uid}`, '-federatesWith', `spiffe://${ourDomain}`],
      ),
    );
    const agent = await RealSpireAgent.create(theirs, spireAgent);
    await agent.start('-joinToken', token);

    const fetchJwt = ['fetch', 'jwt', '-audience', 'bank', '-output', 'json'];
    const sides = {
      our: {
        id: our,
        run: (...args: string[]) => workloadOf(ours, ours.workloadSocket(), goPeer, ...args),
        token: async () => tokenIn(await ours.agent('api', ...fetchJwt, '-socketPath', ours.workloadSocket())),
      },
      their: {
        id: their,
        run: (...args: string[]) => agent.workload(goPeer, ...args),
        token: async () => tokenIn(await agent.api(...fetchJwt)),
      },
    };
    for (const { run } of Object.values(sides)) {
      const watch = run('watch');
      await until('both bundles', () => watch.reports.some(({ bundles }) => String(bundles).includes(',')), 30);
      await watch.stop();
    }
    for (const [server, client] of [
      [sides.our, sides.their],
      [sides.their, sides.our],
    ] as const) {
      const listener = server.run('serve', client.id);
      const address = String(await until('go-spiffe to listen', () => listener.reports[0]?.['listening']));
      const { code, stdout, stderr } = await client.run('call', address, server.id).finished;
      assert.equal(code, 0, stderr);
      assert.match(stdout, /hello/);
      await until('the peer to be named', () => listener.reports.some(({ served }) => served === client.id));
      assert.equal((await client.run('call', address, `${server.id}/other`).finished).code, 1);
      await listener.stop();
      const checked = await client.run('jwt-check', 'bank', await server.token()).finished;
      assert.deepEqual([checked.stdout, checked.stderr], [`["${server.id}","${server.id}"]\n`, '']);
      await refuses(server.run('serve', `${client.id}/other`), client.run, server.id);
    }
  });

  const tokenIn = (fetched: Finished): string =>
    (JSON.parse(done(fetched)) as [{ svids: [{ svid: string }] }])[0].svids[0].svid;

  /** The listener wants somebody else than the client, who gets no answer. */
  async function refuses(listener: Child, run: (...args: string[]) => Child, serverId: string): Promise<void> {
    const address = String(await until('go-spiffe to listen', () => listener.reports[0]?.['listening']));
    const { stdout } = await run('call', address, serverId).finished;
    assert.ok(!stdout.includes('hello'), stdout);
    await until('the refusal', () => listener.reports.some((report) => 'refused' in report));
    await listener.stop();
  }
});
