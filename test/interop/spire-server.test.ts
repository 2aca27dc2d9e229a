// Our agent joins a real spire-server, which it asks at intervals: that one does not ring.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Child } from '../support/child.js';
import { Deployment, trustDomain } from '../support/deployment.js';
import { until } from '../support/until.js';
import { firstIdIn, forceRotation } from './forced-rotation.js';
import { endOf, program } from './programs.js';
import { lastIds, storedSvid, workloadOf } from './real-spire-agent.js';
import { startSpireServer, type SpireCommand } from './real-spire-server.js';

describe('our agent on a real spire-server', function () {
  let deployment: Deployment;
  let spire: SpireCommand;
  let goPeer: string;
  let bundle: string;

  before(async function () {
    goPeer = program(this, 'go-peer');
    deployment = await Deployment.create();
    spire = await startSpireServer(this, deployment, { server: 'agent_ttl = "40s"' });
    bundle = join(deployment.folder, 'bundle.pem');
    await writeFile(bundle, await done('bundle', 'show'));
  });
  after(() => endOf(deployment));

  async function done(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await spire(...args);
    assert.equal(code, 0, stdout + stderr);
    return stdout;
  }
  const create = (path: string, ...flags: string[]): Promise<string> =>
    done(
      ...['entry', 'create', '-spiffeID', `spiffe://${trustDomain}${path}`, '-entryID', path.slice(1)],
      ...['-parentID', `spiffe://${trustDomain}/agent`, '-selector', `unix:uid:${String(process.getuid?.())}`],
      ...flags,
    );
  const newToken = async (alias: string): Promise<string> =>
    (await done('token', 'generate', '-spiffeID', `spiffe://${trustDomain}${alias}`)).split(' ')[1]!.trim();
  const attest = (name: string, token: string): Promise<Child> =>
    deployment.startAgent({ name, token: false, flags: ['--join-token', token, '--trust-bundle', bundle] });
  const workload = (...args: string[]): Child => workloadOf(deployment, deployment.workloadSocket(), goPeer, ...args);
  const arrives = (watch: Child, path: string): Promise<true> =>
    until(`${path} to arrive`, () => lastIds(watch).includes(path), 30);
  const authority = (...args: string[]) => done('localauthority', ...args);
  const own = async () => (await storedSvid(deployment.agentDataDir())) ?? assert.fail('no SVID');

  it('joins by token, serves go-spiffe, follows new and deleted entries, renews, and survives a restart of it', async () => {
    await create('/first', '-x509SVIDTTL', '8');
    const agent = await attest('agent', await newToken('/agent'));
    const joined = await own();
    const watch = workload('watch');
    // SPIRE rebuilds its cache of entries every 5 s: the agent may have none at first.
    const first = await until('an identity', () => watch.reports.find((report) => 'ids' in report), 30);
    assert.deepEqual(first['ids'], [`spiffe://${trustDomain}/first`]);
    const serials = String(first['serials']);
    await until('a renewed X.509-SVID', () =>
      watch.reports.some((report) => 'ids' in report && String(report['serials']) !== serials),
    );
    const jwt = workload('jwt', 'bank');
    await until('JWT-SVIDs that go-spiffe and our agent find valid', () => {
      assert.ok(jwt.running, jwt.stderr);
      return jwt.reports.some((report) => 'keys' in report);
    });
    const { local, remote } = jwt.reports.find((report) => 'fetched' in report) ?? {};
    assert.deepEqual([local, remote], [`spiffe://${trustDomain}/first`, `spiffe://${trustDomain}/first`]);
    await jwt.stop();

    await create('/second');
    await arrives(watch, '/second');
    await done('entry', 'delete', '-entryID', 'second');
    await until('it to be gone', () => !lastIds(watch).includes('/second'), 30);

    await spire.restart();
    await create('/third');
    await arrives(watch, '/third');
    await until('a renewed SVID of the agent', async () => !(await own()).equals(joined), 40);
    await create('/fourth');
    await arrives(watch, '/fourth');
    assert.ok(agent.running, agent.stdout);
    await watch.stop();
  });

  it('replaces what a tainted X.509 authority signed, its own SVID too, and goes on without that authority', async () => {
    await forceRotation({ authority, socket: deployment.workloadSocket(), own });
    await create('/late');
    const watch = workload('watch');
    await arrives(watch, '/late');
    await watch.stop();
  });

  it('replaces what a tainted JWT authority signed, and refuses it once the authority is revoked', async () => {
    const api = (...args: string[]) => deployment.agent('api', ...args, '-socketPath', deployment.workloadSocket());
    const fetchToken = async (): Promise<string> => {
      const { stdout, stderr, code } = await api('fetch', 'jwt', '-audience', 'api', '-output', 'json');
      assert.equal(code, 0, stderr);
      const [{ svids }] = JSON.parse(stdout) as [{ svids: { svid: string }[] }];
      return svids[0]!.svid;
    };
    const validate = (token: string) => api('validate', 'jwt', '-audience', 'api', '-svid', token);
    const old = await fetchToken();
    assert.equal((await validate(old)).code, 0);
    const first = firstIdIn(await authority('jwt', 'show'));
    await authority('jwt', 'activate', '-authorityID', firstIdIn(await authority('jwt', 'prepare')));
    await authority('jwt', 'taint', '-authorityID', first);
    await until('another token', async () => (await fetchToken()) !== old, 30);
    await authority('jwt', 'revoke', '-authorityID', first);
    await until('the old token to be refused', async () => (await validate(old)).code !== 0, 30);
    assert.equal((await validate(await fetchToken())).code, 0);
  });

  for (const [verb, reason] of [
    ['ban', 'AGENT_BANNED'],
    ['evict', 'AGENT_NOT_ATTESTED'],
  ] as const) {
    it(`removes its SVID, ends and says why after "agent ${verb}"`, async () => {
      const token = await newToken(`/${verb}`);
      await writeFile(bundle, await done('bundle', 'show'));
      const agent = await attest(verb, token);
      assert.ok((await storedSvid(deployment.agentDataDir(verb))) !== undefined);
      await done('agent', verb, '-spiffeID', `spiffe://${trustDomain}/spire/agent/join_token/${token}`);
      const { code, stderr } = await until('our agent to end', () => !agent.running && agent.finished, 30);
      assert.equal(code, 1);
      assert.ok(stderr.includes(reason), stderr);
      assert.equal(await storedSvid(deployment.agentDataDir(verb)), undefined);
    });
  }
});
