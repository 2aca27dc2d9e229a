import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { X509Bundle, X509BundleSet, verifyX509Svid } from '@credence/sdk';
import { exportPrivateKey, generateKey, publicKeyInfoOf } from '@credence/sdk/keys';
import { systemRandom } from '@credence/sdk/runtime';
import { TestCa, type TestCertificateOptions } from '@credence/sdk/testing';
import { Certificate, toPem } from '@credence/sdk/x509';
import { DiskUpstreamAuthority } from '../../dist/ca/upstream/disk-upstream-authority.js';
import { temporaryDirectory } from '../datastore/fixtures.js';
import { eventually } from './support/eventually.js';
import { day, trustDomain, World, workloadId } from './support/world.js';

const years: TestCertificateOptions = {
  uris: [],
  notBefore: new Date('2029-01-01T00:00:00Z'),
  notAfter: new Date('2039-01-01T00:00:00Z'),
};

interface Corporate {
  readonly world: World;
  readonly root: TestCa;
  readonly upstream: DiskUpstreamAuthority;
  /** Puts this authority into the files. */
  readonly install: (issuing: TestCa, key?: string) => Promise<void>;
  readonly write: (name: string, text: string) => Promise<void>;
}

async function withCorporate(work: (corporate: Corporate) => Promise<void>, bundle = true): Promise<void> {
  await using folder = await temporaryDirectory();
  const path = (name: string): string => join(folder.path, name);
  const world = new World();
  const root = await TestCa.create('corp.test', { ...years, subject: { commonName: 'root' } });
  const write = (name: string, text: string): Promise<void> => writeFile(path(name), text);
  const install = async ({ certificate, key }: TestCa, pem = toPem(exportPrivateKey(key), 'PRIVATE KEY')) => {
    await write('certificate', certificate.toPem());
    await write('key', pem);
  };
  await write('roots', root.certificate.toPem());
  await install(await root.childCa(years));
  const upstream = new DiskUpstreamAuthority({
    certificatePath: path('certificate'),
    keyPath: path('key'),
    bundlePath: bundle ? path('roots') : undefined,
    trustDomain,
    clock: world.clock,
    random: systemRandom,
  });
  world.settings = { upstream };
  await work({ world, root, upstream, install, write });
}

describe('an upstream authority on disk', () => {
  it('certifies our authorities: its roots are the bundle, its chain follows what they sign', () =>
    withCorporate(async ({ world, root }) => {
      await using authority = world.createAuthority();
      await authority.start(new AbortController().signal);
      const published = world.bundles.bundles.get(trustDomain.name)?.x509Authorities ?? [];
      assert.deepEqual(
        published.map(({ certificate }) => certificate),
        [root.certificate.raw],
      );
      const publicKeyInfo = publicKeyInfoOf(await generateKey('ec-p256'));
      const { chain } = authority.x509Issuer.issueX509Svid({ spiffeId: workloadId, publicKeyInfo, ttlSeconds: 60 });
      assert.equal(chain.length, 3);
      const bundles = X509BundleSet.of(X509Bundle.fromCertificates(trustDomain, [root.certificate]));
      assert.equal(verifyX509Svid(chain, bundles, { now: world.clock.now() }).id.toString(), workloadId.toString());
      assert.equal(authority.serverSvid.getX509Svid().certificates.length, 3);
      const below = authority.downstreamIssuer.issueDownstreamCa({ publicKeyInfo, ttlSeconds: 60 });
      assert.deepEqual(below.chain.slice(1), chain.slice(1));
      assert.match(JSON.stringify(Certificate.parse(below.chain[0]!)), /OU=DOWNSTREAM-3/);
      assert.equal(
        authority.localAuthorities.x509.state().active.upstreamId,
        Certificate.parse(chain[2]!).subjectKeyId?.toString('hex'),
      );
    }));

  it('may itself be the root, and is not delivered then', () =>
    withCorporate(async ({ world, root, install }) => {
      await install(root);
      const { rotation } = await world.boot();
      await rotation.tick();
      assert.equal(rotation.slots.active?.authority.chain.length, 1);
    }, false));

  it('cuts the life of our authorities to its own', () =>
    withCorporate(async ({ world, root, install }) => {
      const soon = new Date(world.clock.now().getTime() + 1000 * 60);
      await install(await root.childCa({ ...years, notAfter: soon }));
      const { rotation } = await world.boot();
      await rotation.tick();
      assert.deepEqual(rotation.slots.active?.authority.expiresAt, soon);
    }));

  it('is found again after a restart, and so are its authorities', () =>
    withCorporate(async ({ world }) => {
      const before = await world.boot();
      await before.rotation.tick();
      const after = await world.boot();
      await after.rotation.tick();
      assert.equal(after.activeId, before.activeId);
      assert.equal(after.rotation.slots.active?.authority.chain.length, 2);
      assert.equal(after.picture, before.picture);
    }));

  it('prepares the next one at once when its certificate is replaced, and once only', () =>
    withCorporate(async ({ world, root, install }) => {
      const { rotation, activeId } = await world.boot();
      await rotation.tick();
      assert.equal(rotation.slots.next === undefined, true);
      const issuing = await root.childCa(years);
      await install(issuing);
      await rotation.tick();
      const prepared = rotation.slots.next;
      assert.equal(prepared?.status, 'prepared');
      assert.equal(prepared.authority.upstreamId, issuing.certificate.subjectKeyId?.toString('hex'));
      await rotation.tick();
      assert.equal(rotation.slots.next?.authority.id, prepared.authority.id);
      assert.notEqual(rotation.slots.active?.authority.id, activeId);
    }));

  it('prepares the next one at once when the upstream authority comes or goes', () =>
    withCorporate(async ({ world, upstream }) => {
      world.settings = {};
      const alone = await world.boot();
      await alone.rotation.tick();
      assert.equal(alone.picture, 'A active');
      world.settings = { upstream };
      const below = await world.boot();
      await below.rotation.tick();
      assert.equal(below.activeId, alone.activeId);
      assert.equal(below.picture, 'A active, B prepared');
      await below.rotation.activate(() => undefined);
      world.settings = {};
      const again = await world.boot();
      await again.rotation.tick();
      assert.equal(again.activeId, below.activeId);
      assert.equal(again.rotation.slots.next?.authority.upstreamId, undefined);
      assert.equal(again.rotation.slots.next?.status, 'prepared');
    }));

  it('publishes a new root before anything is below it', () =>
    withCorporate(async ({ world, root, write }) => {
      await using authority = world.createAuthority();
      await authority.start(new AbortController().signal);
      const next = await TestCa.create('corp.test', years);
      await write('roots', root.certificate.toPem() + next.certificate.toPem());
      await world.clock.advance(5000);
      await eventually('the root is published', () => world.publishedCount === 2);
      assert.equal(authority.localAuthorities.x509.state().prepared, undefined);
    }));

  it('may be out of reach while no authority is due, and an authority cannot be tainted or revoked by hand', () =>
    withCorporate(async ({ world, write }) => {
      await using authority = world.createAuthority();
      await authority.start(new AbortController().signal);
      await write('certificate', '');
      const { x509 } = authority.localAuthorities;
      await assert.rejects(x509.prepare(), {
        code: 'ERR_UPSTREAM',
        message: /certificate cannot be used: it holds no/,
      });
      const { id } = x509.state().active;
      assert.ok(authority.isReady);
      await assert.rejects(x509.taint(id), { code: 'ERR_INVALID_ARGUMENT' });
    }));

  it('is tainted and revoked by hand once nothing active stands on it, by its key ID or by that of its root', () =>
    withCorporate(async ({ world, root, install, write }) => {
      await using authority = world.createAuthority();
      await authority.start(new AbortController().signal);
      const { x509, upstream } = authority.localAuthorities;
      const keyId = ({ certificate }: TestCa): string => certificate.subjectKeyId!.toString('hex');
      const published = (): string[] =>
        world.bundles.bundles.get(trustDomain.name)!.x509Authorities.map(({ certificate, tainted }) => {
          const id = Certificate.parse(certificate).subjectKeyId!.toString('hex');
          return tainted ? `${id}*` : id;
        });
      const refused = (word: 'taint' | 'revoke', id: string, code: string, message: RegExp): Promise<void> =>
        assert.rejects(upstream![word](id), { code, message });
      const invalid = 'ERR_INVALID_ARGUMENT';
      await refused('taint', '', invalid, /^provided subject key id is not valid: no subject key ID provided$/);
      await refused(
        'revoke',
        keyId(root),
        invalid,
        /^invalid subject key ID: unable to use upstream authority signing/,
      );

      const next = await TestCa.create('corp.test', { ...years, subject: { commonName: 'next' } });
      const [old, issuing] = [x509.state().active.upstreamId!, await next.childCa(years)];
      await write('roots', root.certificate.toPem() + next.certificate.toPem());
      await install(issuing);
      const { id } = await x509.prepare();
      await refused('taint', keyId(next), invalid, /only upstream authorities signing an old authority can be used$/);
      await x509.activate(id);
      await refused('taint', keyId(issuing), invalid, /unable to use upstream authority signing current authority$/);
      await refused('taint', 'ab', invalid, /upstream authority didn't sign the old local authority$/);
      // The bundle has roots only.
      await refused('taint', old, 'ERR_AUTHORITY_STATE', /^failed to taint upstream authority: no authority has this/);

      await write('roots', next.certificate.toPem());
      await refused('revoke', keyId(root), 'ERR_AUTHORITY_STATE', /not possible to revoke an untainted root CA$/);
      await write('roots', root.certificate.toPem() + next.certificate.toPem());
      assert.equal(await upstream!.taint(keyId(root).toUpperCase()), keyId(root));
      assert.deepEqual(published(), [`${keyId(root)}*`, keyId(next)]);
      await refused('taint', keyId(root), 'ERR_AUTHORITY_STATE', /root CA is already tainted$/);
      await refused('revoke', keyId(root), 'ERR_UPSTREAM', /remove it there first$/);
      await write('roots', next.certificate.toPem());
      await world.clock.advance(5000);
      assert.deepEqual(published(), [`${keyId(root)}*`, keyId(next)]);
      assert.equal(await upstream!.revoke(keyId(root)), keyId(root));
      assert.deepEqual(published(), [keyId(next)]);
    }));

  describe('is refused, and nothing is published,', () => {
    const defects: readonly [string, TestCertificateOptions, RegExp][] = [
      ['when it is no CA (RFC 5280 §4.2.1.9)', { basicConstraints: { ca: false } }, /does not verify/],
      ['when it may not sign certificates (X509-SVID §4.3)', { keyUsage: ['digitalSignature'] }, /does not verify/],
      ['when it has no key usage (X509-SVID §4.3)', { keyUsage: null }, /does not verify/],
      [
        'when it is for other purposes only (X509-SVID §4.4)',
        { extendedKeyUsage: ['1.3.6.1.5.5.7.3.4'] },
        /does not verify/,
      ],
      [
        'when it allows no CA below it (RFC 5280 §4.2.1.9)',
        { basicConstraints: { ca: true, pathLength: 0 } },
        /does not verify/,
      ],
      ['when it has expired', { notAfter: new Date('2029-06-01T00:00:00Z') }, /refused to sign/],
    ];
    for (const [name, options, message] of defects) {
      it(name, () =>
        withCorporate(async ({ world, root, install }) => {
          await install(await root.childCa({ ...years, ...options }));
          const { rotation } = await world.boot();
          await assert.rejects(rotation.tick(), message);
          assert.equal(world.publishedCount, 0);
        }),
      );
    }

    it('when its key, its certificate or its roots do not belong together', () =>
      withCorporate(async ({ world, root, install, write }) => {
        const issuing = await root.childCa(years);
        await install(issuing, toPem(exportPrivateKey(root.key), 'PRIVATE KEY'));
        const { rotation } = await world.boot();
        await assert.rejects(rotation.tick(), { code: 'ERR_UPSTREAM', message: /the key is not that of/ });
        await install(issuing);
        await write('roots', (await TestCa.create('corp.test', years)).certificate.toPem());
        await assert.rejects(rotation.tick(), { code: 'ERR_UPSTREAM', message: /does not verify/ });
        await write('roots', '');
        await assert.rejects(rotation.tick(), { code: 'ERR_UPSTREAM', message: /roots cannot be used/ });
        assert.equal(world.publishedCount, 0);
      }));

    it('without a bundle, unless it is self-signed', () =>
      withCorporate(async ({ world }) => {
        const { rotation } = await world.boot();
        await assert.rejects(rotation.tick(), { message: /bundle_file_path is needed/ });
      }, false));
  });

  it(`lets authorities live as long as they are to: ${String(day / 3_600_000)} hours`, () =>
    withCorporate(async ({ world }) => {
      const { rotation } = await world.boot();
      await rotation.tick();
      const { issuedAt, expiresAt } = rotation.slots.active!.authority;
      assert.equal(expiresAt.getTime() - issuedAt.getTime(), day);
    }));
});
