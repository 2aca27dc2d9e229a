// A server whose authorities are intermediates of a corporate root in files, driven as a process.
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { X509Bundle, X509BundleSet, TrustDomain, verifyX509Svid } from '@credence/sdk';
import { exportPrivateKey } from '@credence/sdk/keys';
import { TestCa } from '@credence/sdk/testing';
import { Certificate, toPem } from '@credence/sdk/x509';
import { Child } from '../support/child.js';
import { Deployment, trustDomain } from '../support/deployment.js';
import { until } from '../support/until.js';
import { watchingWorkload } from '../support/watching-workload.js';

interface AuthorityState {
  readonly active: { readonly authority_id: string; readonly upstream_authority_subject_key_id: string };
  readonly prepared: { readonly authority_id: string; readonly upstream_authority_subject_key_id: string } | null;
}

describe('a server below a corporate root in files', () => {
  let deployment: Deployment;
  let root: TestCa;
  let server: Child;
  const file = (name: string): string => join(deployment.folder, `${name}.pem`);

  /** Writes a new issuing authority of the root into the files. */
  async function issueUpstream(): Promise<TestCa> {
    const issuing = await root.childCa({ uris: [], subject: { commonName: 'corporate issuing' } });
    await writeFile(file('key'), toPem(exportPrivateKey(issuing.key), 'PRIVATE KEY'), { mode: 0o600 });
    await writeFile(file('certificate'), issuing.certificate.toPem());
    return issuing;
  }

  before(async () => {
    deployment = await Deployment.create();
    root = await TestCa.create('corp.test', { uris: [], subject: { commonName: 'corporate root' } });
    await writeFile(file('roots'), root.certificate.toPem());
    await issueUpstream();
  });
  after(() => deployment[Symbol.asyncDispose]());

  const start = (): Promise<Child> =>
    deployment.startServer({
      plugins: {
        UpstreamAuthority: {
          disk: {
            plugin_data: {
              cert_file_path: file('certificate'),
              key_file_path: file('key'),
              bundle_file_path: file('roots'),
            },
          },
        },
      },
    });
  const authorities = async (): Promise<AuthorityState> =>
    JSON.parse(await deployment.admin('localauthority', 'x509', 'show', '--output', 'json')) as AuthorityState;
  const mint = async (path: string): Promise<readonly Certificate[]> => {
    await deployment.admin(
      'x509',
      'mint',
      '--spiffe-id',
      `spiffe://${trustDomain}${path}`,
      '--write',
      deployment.folder,
    );
    return Certificate.parsePem(await readFile(join(deployment.folder, 'svid.pem'), 'utf8'));
  };
  const bundle = async (): Promise<X509Bundle> =>
    X509Bundle.parsePem(TrustDomain.parse(trustDomain), await deployment.admin('bundle', 'show'));

  it('has the root in its bundle, and the chain after every leaf; an agent and its workload verify it', async () => {
    server = await start();
    const roots = await bundle();
    assert.deepEqual(
      roots.authorities.map(({ raw }) => raw),
      [root.certificate.raw],
    );
    const chain = await mint('/minted');
    assert.equal(chain.length, 3);
    const { active } = await authorities();
    assert.equal(chain[1]?.subjectKeyId?.toString('hex'), active.authority_id);
    assert.equal(chain[2]?.subjectKeyId?.toString('hex'), active.upstream_authority_subject_key_id);
    const peer = verifyX509Svid(
      chain.map(({ raw }) => raw),
      X509BundleSet.of(roots),
    );
    assert.equal(peer.id.toString(), `spiffe://${trustDomain}/minted`);
    assert.equal(peer.chain.length, 4);

    await deployment.createEntry('/workload');
    await deployment.startAgent();
    const folder = join(deployment.folder, 'fetched');
    await mkdir(folder);
    await until('an identity', async () => {
      const flags = ['--socket-path', deployment.workloadSocket(), '--write', folder];
      return (await deployment.agent('api', 'fetch', 'x509', ...flags)).code === 0;
    });
    const fetched = Certificate.parsePem(await readFile(join(folder, 'svid.0.pem'), 'utf8'));
    assert.equal(fetched.length, 3);
    for (const purpose of ['sslserver', 'sslclient']) {
      await writeFile(
        file('intermediates'),
        fetched
          .slice(1)
          .map((certificate) => certificate.toPem())
          .join(''),
      );
      const flags = ['-CAfile', file('roots'), '-untrusted', file('intermediates'), join(folder, 'svid.0.pem')];
      const { code, stderr } = await new Child('openssl', ['verify', '-x509_strict', '-purpose', purpose, ...flags])
        .finished;
      assert.equal(code, 0, stderr);
    }
  });

  it('keeps its authority over a restart', async () => {
    const { active } = await authorities();
    await server.stop();
    server = await start();
    assert.equal((await authorities()).active.authority_id, active.authority_id);
  });

  it('prepares an authority of the new issuer when the files are replaced, and new roots are published', async () => {
    const before = await authorities();
    const next = await TestCa.create('corp.test', { uris: [], subject: { commonName: 'next corporate root' } });
    await writeFile(file('roots'), root.certificate.toPem() + next.certificate.toPem());
    const issuing = await issueUpstream();
    const { prepared, active } = await until('the next authority', async () => {
      const state = await authorities();
      return state.prepared !== null && state.prepared.authority_id !== before.prepared?.authority_id && state;
    });
    assert.equal(active.authority_id, before.active.authority_id);
    assert.equal(prepared?.upstream_authority_subject_key_id, issuing.certificate.subjectKeyId?.toString('hex'));
    assert.equal((await bundle()).authorities.length, 2);
    await deployment.admin('localauthority', 'x509', 'activate', '--authority-id', prepared?.authority_id ?? '');
    const chain = await mint('/after');
    assert.deepEqual(chain[2]?.raw, issuing.certificate.raw);
    verifyX509Svid(
      chain.map(({ raw }) => raw),
      X509BundleSet.of(await bundle()),
    );
  }).timeout(40_000);

  it('leaves tainting and revoking to the upstream authority', async () => {
    const { active } = await authorities();
    for (const word of ['taint', 'revoke']) {
      const { code, stderr } = await deployment.server(
        ...['localauthority', 'x509', word, '--authority-id', active.authority_id],
      );
      assert.notEqual(code, 0);
      assert.match(stderr, /authority/);
    }
    const { code, stderr } = await deployment.server('upstreamauthority', 'taint', '--subject-key-id', 'ab');
    assert.notEqual(code, 0);
    assert.match(stderr, /InvalidArgument.*upstream authority didn't sign the old local authority/);
  });

  it('taints and revokes the root that only the old authority stands on: the agent replaces what it holds', async () => {
    await writeFile(file('roots'), root.certificate.toPem());
    const old = root.certificate.subjectKeyId!.toString('hex');
    const below = (name: string): Promise<{ readonly code: number | null; readonly stderr: string }> =>
      deployment.server('upstreamauthority', name, '--subject-key-id', old);
    assert.match((await below('taint')).stderr, /InvalidArgument.*unable to use upstream authority signing current/);

    root = await TestCa.create('corp.test', { uris: [], subject: { commonName: 'last corporate root' } });
    await writeFile(file('roots'), root.certificate.toPem());
    await issueUpstream();
    await deployment.admin('localauthority', 'x509', 'prepare');
    const { prepared } = await authorities();
    await deployment.admin('localauthority', 'x509', 'activate', '--authority-id', prepared!.authority_id);
    using workload = await watchingWorkload(deployment.workloadSocket());
    const issuer = (): string | undefined =>
      workload.updates.at(-1)?.svids[0]?.certificates[1]?.subjectKeyId?.toString('hex');
    assert.notEqual(issuer(), prepared!.authority_id);

    assert.equal(
      await deployment.admin('upstreamauthority', 'taint', '--subject-key-id', old.toUpperCase()),
      `Tainted X.509 upstream authority:\n  Subject Key ID: ${old}\n`,
    );
    await until('an SVID of the new authority', () => issuer() === prepared!.authority_id);
    const published = async (): Promise<readonly (string | undefined)[]> =>
      (await bundle()).authorities.map(({ subjectKeyId }) => subjectKeyId?.toString('hex'));
    assert.ok((await published()).includes(old));
    assert.equal(
      await deployment.admin('upstreamauthority', 'revoke', '--subject-key-id', old),
      `Revoked X.509 upstream authority:\n  Subject Key ID: ${old}\n`,
    );
    assert.ok(!(await published()).includes(old));
    assert.match((await below('revoke')).stderr, /InvalidArgument.*didn't sign the old local authority/);
  });

  it('goes on with its authority while the files cannot be used, and does not start anew without them', async () => {
    await writeFile(file('certificate'), 'no certificate');
    const refused = await deployment.server('localauthority', 'x509', 'prepare');
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /certificate\.pem cannot be used: it holds no certificate/);
    assert.equal((await mint('/still')).length, 3);
  });
});
