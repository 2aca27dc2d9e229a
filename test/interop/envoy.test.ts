// A real Envoy on each of two nodes, in front of services of plain HTTP, with all certificates from our agents.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { authorizeId, TrustDomain, WorkloadApiClient, X509Bundle, X509Source } from '@credence/sdk';
import { StaticX509Source, TestCa } from '@credence/sdk/testing';
import { createHttpsServer, peerOf, SpiffeAgent } from '@credence/sdk/tls';
import { until } from '../support/until.js';
import type { Envoy } from './envoy-process.js';
import { id, Load, Mesh, meshDomain, wayNames, type Answer } from './envoy-mesh.js';
import { endOf } from './programs.js';

const ways = [...wayNames, 'back'];
const partnerId = 'spiffe://partner.test';

describe('two real Envoys', function () {
  this.timeout(60_000);
  let mesh: Mesh;
  let partner: TestCa;
  let apiEntry: string;
  const started: AsyncDisposable[] = [];

  before(async function () {
    mesh = await Mesh.start(this);
    started.push(mesh);
    partner = await TestCa.create('partner.test');
    await setPartnerBundle();
  });
  after(() => endOf(...started));

  async function setPartnerBundle(): Promise<void> {
    const path = join(mesh.deployment.folder, 'partner.pem');
    await writeFile(path, partner.bundle().toPem());
    await mesh.deployment.admin('bundle', 'set', '--id', partnerId, '--path', path);
  }

  const updateApi = (...flags: string[]) =>
    mesh.deployment.admin(
      ...['entry', 'update', '--entry-id', apiEntry, '--spiffe-id', id('/api'), '--parent-id', id('/api-node')],
      ...['--selector', `unix:uid:${String(process.getuid?.())}`, ...flags],
    );

  /** What api's listener for members of other trust domains answers to a caller with an SVID of this authority. */
  async function callFrom(authority: TestCa): Promise<Answer> {
    const pem = await readFile(await mesh.deployment.writeBundle(), 'utf8');
    const ours = X509Bundle.parsePem(TrustDomain.parse(meshDomain), pem);
    const source = new StaticX509Source(await authority.x509Svid('/caller'), [ours]);
    const agent = new SpiffeAgent({ svid: source, bundles: source, authorize: authorizeId(id('/api')) });
    const body = await new Promise<string>((resolve, reject) => {
      get({ host: '127.0.0.1', port: mesh.partnerPort, agent }, (response) => {
        text(response).then(resolve, reject);
      }).on('error', reject);
    });
    agent.destroy();
    return JSON.parse(body) as Answer;
  }

  /** Waits until every way serves; answers the seconds that it took. */
  async function served(): Promise<string> {
    const since = performance.now();
    await Promise.all(ways.map((way) => until(`calls by ${way}`, () => mesh.call(way), 45)));
    return ((performance.now() - since) / 1000).toFixed(1);
  }

  it('that start before their entries exist serve once these come', async () => {
    await assert.rejects(mesh.call('guide'));
    await mesh.createEntry('web', '/web', '--x509-svid-ttl', '8');
    apiEntry = await mesh.createEntry('api', '/api', '--x509-svid-ttl', '8');
    console.error(`      ${await served()} s after the entries came`);
  });

  for (const way of wayNames) {
    it(`call each other by mutual TLS, and the service is told who calls: ${way}`, async () => {
      const { service, headers } = await mesh.call(way, { 'x-forwarded-client-cert': `URI=${id('/forged')}` });
      assert.equal(service, 'api');
      assert.match(
        headers['x-forwarded-client-cert'] ?? '',
        /^By=spiffe:\/\/example\.com\/api;Hash=[0-9a-f]{64};URI=spiffe:\/\/example\.com\/web$/,
      );
    });
  }

  it('call each other in the other direction', async () => {
    const { service, headers } = await mesh.call('back');
    assert.equal(service, 'web');
    assert.match(headers['x-forwarded-client-cert'] ?? '', /;URI=spiffe:\/\/example\.com\/api$/);
  });

  it('call a service that does mutual TLS with the SDK', async () => {
    const client = new WorkloadApiClient({ address: `unix://${mesh.deployment.workloadSocket('api-node')}` });
    await using source = await X509Source.create({ client, timeoutMs: 15_000 });
    const tls = { svid: source, bundles: source, authorize: authorizeId(id('/web')) };
    const server = createHttpsServer(tls, (request, response) => {
      response.end(JSON.stringify({ service: 'sdk', headers: { caller: peerOf(request)?.id.toString() } }));
    });
    await once(server.listen(mesh.sdkPort, '127.0.0.1'), 'listening');
    try {
      assert.deepEqual(await mesh.call('sdk'), { service: 'sdk', headers: { caller: id('/web') } });
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it('refuse a caller by its SAN, and a service by its SAN', async () => {
    await mesh.call('guide');
    const refused = {
      callers: await mesh.api.count('fail_verify_san'),
      services: await mesh.web.count('fail_verify_san'),
    };
    await assert.rejects(mesh.call('not-late'), /503/);
    assert.equal(await mesh.api.count('fail_verify_san'), refused.callers + 1);
    await assert.rejects(mesh.call('somebody'), /503/);
    assert.equal(await mesh.web.count('fail_verify_san'), refused.services + 1);
  });

  it('rotate every few seconds under load, and no request fails', async () => {
    const load = Load.start(await Promise.all(ways.map((way) => mesh.url(way))));
    const seen = { web: new Set<string>(), api: new Set<string>() };
    await until(
      'four certificates on each side',
      async () => {
        for (const serial of await mesh.web.serials()) seen.web.add(serial);
        for (const serial of await mesh.api.serials()) seen.api.add(serial);
        return seen.web.size >= 4 && seen.api.size >= 4;
      },
      40,
    );
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.ok(load.calls > 500);
  });

  it('let members of a federated trust domain in by ALL, and follow its next bundle', async () => {
    await assert.rejects(callFrom(partner));
    await updateApi('--x509-svid-ttl', '60', '--federates-with', partnerId);
    const { service, headers } = await until('a member of partner.test to be let in', () => callFrom(partner));
    assert.equal(service, 'api');
    assert.match(headers['x-forwarded-client-cert'] ?? '', /;URI=spiffe:\/\/partner\.test\/caller$/);
    await assert.rejects(callFrom(await TestCa.create('partner.test')));

    await partner.rotate();
    await assert.rejects(callFrom(partner));
    await setPartnerBundle();
    await until('one with the next bundle to be let in', () => callFrom(partner));
  });

  it('serve through a restart of the agent, and take its new certificates', async () => {
    const load = Load.start(await Promise.all(ways.map((way) => mesh.url(way))));
    const before = await mesh.api.serials();
    await mesh.restartApiAgent();
    await until(
      'new certificates alone',
      async () => (await mesh.api.serials()).every((serial) => !before.includes(serial)),
      45,
    );
    await load.stop();
    assert.deepEqual(load.failures, []);
  });

  it('serve through a change of the authority: prepared, activated, tainted, revoked', async () => {
    const load = Load.start(await Promise.all(ways.map((way) => mesh.url(way))));
    const both = [mesh.web, mesh.api];
    const authority = (...words: string[]) => mesh.deployment.admin('localauthority', 'x509', ...words);
    const everywhere = (what: string, holds: (envoy: Envoy) => Promise<boolean>) =>
      until(what, async () => (await Promise.all(both.map(holds))).every(Boolean), 30);
    const [first = ''] = /(?<=Authority ID: )\w+/.exec(await authority('show')) ?? [];
    const [root] = await mesh.web.roots(meshDomain);

    const [second = ''] = /(?<=Authority ID: )\w+/.exec(await authority('prepare')) ?? [];
    await everywhere('the new root', async (envoy) => (await envoy.roots(meshDomain)).length === 2);
    const before = (await Promise.all(both.map((envoy) => envoy.serials()))).flat();
    await authority('activate', '--authority-id', second);
    await authority('taint', '--authority-id', first);
    await everywhere('new certificates', async (envoy) =>
      (await envoy.serials()).every((one) => !before.includes(one)),
    );
    await authority('revoke', '--authority-id', first);
    await everywhere('the new root alone', async (envoy) => {
      const roots = await envoy.roots(meshDomain);
      return roots.length === 1 && roots[0] !== root;
    });
    const { calls } = load;
    await until('further calls', () => load.calls > calls + 50);
    await load.stop();
    assert.deepEqual(load.failures, []);
  });

  it('serve no longer than the last certificate when the entry is deleted, and again when it is re-created', async () => {
    await updateApi('--x509-svid-ttl', '6');
    await mesh.deployment.admin('entry', 'delete', '--entry-id', apiEntry);
    await until('calls to fail', () =>
      mesh.call('guide').then(
        () => false,
        () => true,
      ),
    );
    await mesh.createEntry('api', '/api');
    console.error(`      ${await served()} s after the entry came`);
  });

  it('are given a secret on the open stream when its entry comes later', async () => {
    await assert.rejects(mesh.call('late'));
    await mesh.createEntry('web', '/late');
    const { headers } = await until('calls by late', () => mesh.call('late'), 5);
    assert.match(headers['x-forwarded-client-cert'] ?? '', /;URI=spiffe:\/\/example\.com\/late$/);
  });

  it('have rejected nothing that the agents sent, and were never restarted', async () => {
    for (const envoy of [mesh.web, mesh.api]) {
      assert.ok(envoy.child.running);
      assert.equal(await envoy.count('sds.*update_rejected'), 0);
    }
    const messages = mesh.webAgent.reports.map(({ msg }) => msg);
    assert.ok(messages.includes('agent is ready'));
    assert.ok(!messages.includes('Envoy refused secrets'));
  });
});
