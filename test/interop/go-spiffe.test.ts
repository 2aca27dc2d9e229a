// go-spiffe as a workload of our agent, and as the other end of our TLS.
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { connect as connectTls, createServer } from '@credence/sdk/tls';
import { X509Source, authorizeId } from '@credence/sdk';
import { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { until } from '../support/until.js';
import { endOf, program } from './programs.js';

const id = 'spiffe://example.org/web';

describe('go-spiffe', function () {
  let deployment: Deployment;
  let goPeer: string;

  before(async function () {
    goPeer = program(this, 'go-peer');
    deployment = await Deployment.create();
    await deployment.startServer();
    await deployment.startAgent();
    await deployment.createEntry('/web', '--x509-svid-ttl', '8');
  });
  after(() => endOf(deployment));

  const run = (...args: string[]): Child =>
    deployment.track(
      new Child(goPeer, args, {
        env: { ...process.env, SPIFFE_ENDPOINT_SOCKET: `unix://${deployment.workloadSocket()}` },
      }),
    );
  const openSource = () => X509Source.create({ address: `unix://${deployment.workloadSocket()}`, timeoutMs: 10_000 });

  it('fetches, verifies and watches through a rotation', async () => {
    const watch = run('watch');
    const first = await until('the first update', () => watch.reports.find((report) => report['ids'] !== undefined));
    assert.deepEqual(first['ids'], [id]);
    assert.deepEqual(first['bundles'], ['example.org']);
    const serials = String(first['serials']);
    await until('a rotation', () =>
      watch.reports.some((report) => report['ids'] !== undefined && String(report['serials']) !== serials),
    );
    assert.ok(!watch.reports.slice(watch.reports.indexOf(first)).some((report) => 'error' in report), watch.stdout);
    await watch.stop();
  });

  it('is answered by our TLS server, which knows it', async () => {
    await using source = await openSource();
    const peers: string[] = [];
    const server = createServer({ svid: source, bundles: source, authorize: authorizeId(id) }, (socket) => {
      peers.push('served');
      socket.end('hello\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const { code, stdout, stderr } = await run('call', `127.0.0.1:${String(port)}`, id).finished;
    server.close();
    assert.equal(code, 0, stderr);
    assert.match(stdout, /"answer":"hello\\n"/);
    assert.deepEqual(peers, ['served']);
  });

  it('is refused by our TLS server when it is somebody else', async () => {
    await using source = await openSource();
    const options = { svid: source, bundles: source, authorize: authorizeId('spiffe://example.org/other') };
    const server = createServer(options, () => assert.fail('the refused peer reached the handler'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const { stdout, code } = await run('call', `127.0.0.1:${String(port)}`, id).finished;
    server.close();
    assert.ok(code !== 0 || !stdout.includes('hello'), stdout);
  });

  it('serves our TLS client, and knows it', async () => {
    await using source = await openSource();
    const server = run('serve', id);
    const address = String((await until('go-spiffe to listen', () => server.reports[0]))['listening']);
    const [host = '', port = ''] = address.split(':');
    const socket = await connectTls({
      svid: source,
      bundles: source,
      authorize: authorizeId(id),
      host,
      port: Number(port),
    });
    const answer = await new Promise<string>((resolve, reject) => {
      socket.once('data', (chunk: Buffer) => {
        resolve(chunk.toString());
      });
      socket.once('error', reject);
    });
    socket.destroy();
    assert.equal(answer, 'hello\n');
    await until('the peer to be named', () => server.reports.some((report) => report['served'] === id));
    await server.stop();
  });

  it('is refused by our TLS client when it is somebody else', async () => {
    await using source = await openSource();
    const server = run('serve', id);
    const address = String((await until('go-spiffe to listen', () => server.reports[0]))['listening']);
    const [host = '', port = ''] = address.split(':');
    const authorize = authorizeId('spiffe://example.org/other');
    await assert.rejects(connectTls({ svid: source, bundles: source, authorize, host, port: Number(port) }));
    await server.stop();
  });

  it('fetches JWT-SVIDs, which it verifies, and so does our agent for it; and watches their keys through a rotation', async () => {
    await deployment.createEntry('/api', '--hint', 'second');
    await until('both identities to be there', async () => {
      const fetched = await deployment.agent(
        'api',
        'fetch',
        '-output',
        'json',
        '-socketPath',
        deployment.workloadSocket(),
      );
      return (JSON.parse(fetched.stdout) as { svids: unknown[] }).svids.length === 2;
    });
    const peer = run('jwt', 'bank');
    await until('the keys', () => {
      assert.ok(peer.running, peer.stderr);
      return peer.reports.some((report) => 'keys' in report);
    });
    const fetched = peer.reports.filter((report) => 'fetched' in report);
    const bySubject = fetched.map((report) => [report['fetched'], report['hint']].join()).sort();
    assert.deepEqual(bySubject, ['spiffe://example.org/api,second', `${id},`]);
    for (const { fetched: of, local, remote, audience } of fetched)
      assert.deepEqual([local, remote, audience], [of, of, ['bank']]);
    const invalid = String(peer.reports.find((report) => 'invalid' in report)?.['invalid']);
    assert.match(invalid, /code = InvalidArgument desc = JWT-SVID is for none of/);
    assert.deepEqual(peer.reports.at(-1)?.['keys'], { 'example.org': 1 });
    await deployment.admin('localauthority', 'jwt', 'prepare');
    await until('the next key', () => (peer.reports.at(-1)?.['keys'] as Record<string, number>)['example.org'] === 2);
    await peer.stop();
  });

  it('watches the X.509 bundles, and each X.509-SVID with them, through a forced rotation of the authority', async () => {
    const [bundles, watch] = [run('bundles'), run('watch')];
    const authorities = (): unknown => bundles.reports.at(-1)?.['authorities'];
    const count = (wanted: number) =>
      until(`${String(wanted)} authorities`, () => isDeepStrictEqual(authorities(), { 'example.org': wanted }));
    const step = async (verb: string, ...flags: string[]): Promise<string> =>
      /Authority ID: (\w+)/.exec(await deployment.admin('localauthority', 'x509', verb, ...flags))![1]!;
    await count(1);
    await until('the first update', () => watch.reports.length > 0);
    const old = await step('show');
    const next = await step('prepare');
    await count(2);
    await step('activate', '-authorityID', next);
    const before = watch.reports.length;
    await step('taint', '-authorityID', old);
    await until('what the new authority signed', () => watch.reports.length > before);
    await step('revoke', '-authorityID', old);
    await count(1);
    assert.ok(![...watch.reports, ...bundles.reports].some((report) => 'error' in report), watch.stdout);
    await Promise.all([bundles.stop(), watch.stop()]);
  });
});
