// A server below another one of the same trust domain, each with an agent: what either signs verifies in all of it.
import assert from 'node:assert/strict';
import {
  TrustDomain,
  X509Bundle,
  X509BundleSet,
  verifyJwtSvid,
  verifyX509Svid,
  JwtBundleSet,
  SpiffeBundle,
} from '@credence/sdk';
import type { Child } from '../support/child.js';
import { Deployment, trustDomain } from '../support/deployment.js';
import { until } from '../support/until.js';
import { watchingWorkload } from '../support/watching-workload.js';

describe('a server below another', () => {
  let top: Deployment;
  let nested: Deployment;
  let topServer: Child;
  let server: Child;

  before(async () => {
    top = await Deployment.create();
    nested = await Deployment.create();
    topServer = await top.startServer();
    await top.startAgent();
  });
  after(async () => {
    await nested[Symbol.asyncDispose]();
    await top[Symbol.asyncDispose]();
  });

  const plugins = (): object => ({
    UpstreamAuthority: {
      spire: {
        plugin_data: {
          server_address: '127.0.0.1',
          server_port: top.port,
          workload_api_socket: top.workloadSocket(),
        },
      },
    },
  });
  const bundleOf = async (deployment: Deployment): Promise<SpiffeBundle> =>
    SpiffeBundle.parse(TrustDomain.parse(trustDomain), await deployment.admin('bundle', 'show', '--format', 'spiffe'));
  const authority = async (deployment: Deployment): Promise<string> => {
    const state = await deployment.admin('localauthority', 'x509', 'show', '--output', 'json');
    return (JSON.parse(state) as { active: { authority_id: string } }).active.authority_id;
  };

  it('does not start while its entry is not that of a downstream server, and says so', async () => {
    const id = await top.createEntry('/nested');
    (await watchingWorkload(top.workloadSocket()))[Symbol.dispose]();
    const { code, stderr } = await (await nested.launchServer({ plugins: plugins() })).finished;
    assert.notEqual(code, 0);
    assert.match(stderr, /NewDownstreamX509CA of the upstream server failed: PERMISSION_DENIED/);
    await top.admin('entry', 'delete', '--entry-id', id);
  });

  it('has the same roots and JWT authorities, and agents of both verify each other', async () => {
    await top.createEntry('/nested', '--downstream');
    server = await nested.startServer({ plugins: plugins() });
    const [above, below] = [await bundleOf(top), await bundleOf(nested)];
    assert.deepEqual(
      below.x509.authorities.map(({ raw }) => raw),
      above.x509.authorities.map(({ raw }) => raw),
    );
    assert.deepEqual(
      below.jwt.authorities.map(({ keyId }) => keyId).sort(),
      above.jwt.authorities.map(({ keyId }) => keyId).sort(),
    );
    assert.equal(above.jwt.authorities.length, 2);

    await nested.createEntry('/below');
    await nested.startAgent();
    const seen = [];
    for (const deployment of [top, nested]) {
      using workload = await watchingWorkload(deployment.workloadSocket());
      const { svids, message } = workload.updates.at(-1)!;
      seen.push({ chain: svids[0]!.certificates.map(({ raw }) => raw), bundle: message.svids[0]!.bundle });
    }
    const [upper, lower] = seen;
    const bundle = (der: Buffer): X509BundleSet =>
      X509BundleSet.of(X509Bundle.parseDer(TrustDomain.parse(trustDomain), der));
    assert.equal(verifyX509Svid(lower!.chain, bundle(upper!.bundle)).id.path, '/below');
    assert.equal(verifyX509Svid(upper!.chain, bundle(lower!.bundle)).id.path, '/nested');
    assert.equal(lower!.chain.length, 2);
  });

  it('follows a forced rotation above: another authority, another SVID, and the root is gone', async () => {
    const [old, own] = [await authority(top), await authority(nested)];
    const step = (...args: string[]): Promise<string> => top.admin('localauthority', 'x509', ...args);
    const state = JSON.parse(await step('prepare', '--output', 'json')) as {
      prepared_authority: { authority_id: string };
    };
    await step('activate', '--authority-id', state.prepared_authority.authority_id);
    await step('taint', '--authority-id', old);
    using workload = await watchingWorkload(nested.workloadSocket());
    await until('another authority of the nested server', async () => (await authority(nested)) !== own);
    const issuer = (): string | undefined =>
      workload.updates.at(-1)?.svids[0]?.certificates[1]?.subjectKeyId?.toString('hex');
    const now = await authority(nested);
    await until('an SVID of it', () => issuer() === now);
    await step('revoke', '--authority-id', old);
    await until('the root to be gone', async () => (await bundleOf(nested)).x509.authorities.length === 1);
    const latest = workload.updates.at(-1)!.svids[0]!.certificates.map(({ raw }) => raw);
    assert.equal(verifyX509Svid(latest, X509BundleSet.of((await bundleOf(top)).x509)).id.path, '/below');
  }).timeout(60_000);

  it('signs JWT-SVIDs that verify above', async () => {
    const token = await nested.admin(
      'jwt',
      'mint',
      '--spiffe-id',
      `spiffe://${trustDomain}/below`,
      '--audience',
      'api',
    );
    const svid = await verifyJwtSvid(token.trim(), JwtBundleSet.of((await bundleOf(top)).jwt), { audience: 'api' });
    assert.equal(svid.id.path, '/below');
  });

  it('goes on, and starts again, while the server above is away', async () => {
    const own = await authority(nested);
    await topServer.stop();
    await server.stop();
    server = await nested.startServer({ plugins: plugins() });
    assert.equal(await authority(nested), own);
  });
});
