import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { SpiffeId, TrustDomain, verifyX509Svid, type X509Svid } from '@credence/sdk';
import { generateKey, publicKeyInfoOf } from '@credence/sdk/keys';
import { Certificate, signCertificate, subjectAltNameExtension } from '@credence/sdk/x509';
import type { CertificateAuthority } from '../../dist/ca/certificate-authority.js';
import { MemoryKeyManager } from '../../dist/keys/memory-key-manager.js';
import { eventually } from './support/eventually.js';
import { day, hour, trustDomain, workloadId, World } from './support/world.js';

const second = 1000;
const minute = 60 * second;
const publicKeyInfo = publicKeyInfoOf(await generateKey('ec-p256'));

describe('CertificateAuthority', () => {
  const running: CertificateAuthority[] = [];
  afterEach(async () => {
    for (const authority of running.splice(0)) await authority[Symbol.asyncDispose]();
  });

  async function start(world: World): Promise<CertificateAuthority> {
    const authority = world.createAuthority();
    running.push(authority);
    await authority.start(new AbortController().signal);
    return authority;
  }

  function issue(authority: CertificateAuthority): readonly Buffer[] {
    return authority.x509Issuer.issueX509Svid({ spiffeId: workloadId, publicKeyInfo, ttlSeconds: 0 }).chain;
  }

  function verify(world: World, authority: CertificateAuthority, chain: readonly Buffer[]): SpiffeId {
    return verifyX509Svid(chain, authority.bundle, { now: world.clock.now() }).id;
  }

  it('signs nothing before it has started', async () => {
    const authority = new World().createAuthority();
    assert.equal(authority.isReady, false);
    assert.throws(() => issue(authority), { code: 'ERR_NOT_READY' });
    assert.throws(() => authority.serverSvid.getX509Svid(), { code: 'ERR_NOT_READY' });
    assert.throws(() => authority.bundle.getX509BundleForTrustDomain(trustDomain), { code: 'ERR_SPIFFE_NO_BUNDLE' });
    await authority[Symbol.asyncDispose]();
  });

  it('is ready once started: bundle, X.509-SVIDs, its own SVID', async () => {
    const world = new World();
    const authority = await start(world);
    assert.equal(authority.isReady, true);
    assert.ok(verify(world, authority, issue(authority)).equals(workloadId));
    const own = authority.serverSvid.getX509Svid();
    assert.equal(own.id.toString(), 'spiffe://example.org/spire/server');
    assert.ok(verify(world, authority, chainOf(own)).equals(own.id));
  });

  it('holds no bundle of another trust domain', async () => {
    const authority = await start(new World());
    authority.bundle.getX509BundleForTrustDomain(trustDomain);
    assert.throws(() => authority.bundle.getX509BundleForTrustDomain(TrustDomain.parse('example.com')), {
      code: 'ERR_SPIFFE_NO_BUNDLE',
    });
  });

  for (const spiffeId of ['spiffe://example.com/web', 'spiffe://example.org', 'spiffe://example.org/spire/server']) {
    it(`refuses to issue ${spiffeId}`, async () => {
      const authority = await start(new World());
      issue(authority);
      assert.throws(
        () => authority.x509Issuer.issueX509Svid({ spiffeId: SpiffeId.parse(spiffeId), publicKeyInfo, ttlSeconds: 0 }),
        { code: 'ERR_PROFILE' },
      );
    });
  }

  it('serves TLS with its own SVID to whoever holds the bundle', async () => {
    const authority = await start(new World(new Date())); // OpenSSL asks no clock of ours
    const own = authority.serverSvid.getX509Svid();
    const key = own.privateKey.export({ type: 'pkcs8', format: 'pem' });
    const server = tls.createServer({ cert: own.certChainPem(), key }, (socket) => socket.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const ca = authority.bundle.getX509BundleForTrustDomain(trustDomain).toPem();
    const { port } = server.address() as AddressInfo;
    const client = tls.connect({ port, host: '127.0.0.1', ca, checkServerIdentity: () => undefined });
    await once(client, 'secureConnect');
    assert.equal(client.authorized, true);
    assert.ok(client.getPeerX509Certificate()?.raw.equals(own.leaf.raw));
    client.destroy();
    server.close();
    await once(server, 'close');
  });

  it('does not start when the datastore fails', async () => {
    const world = new World();
    world.bundles.beforeWrite = () => {
      throw new Error('disk full');
    };
    const authority = world.createAuthority();
    await assert.rejects(authority.start(new AbortController().signal), /disk full/);
    assert.equal(authority.isReady, false);
    await authority[Symbol.asyncDispose]();
  });

  it('does not start over a journal of its own that does not parse', async () => {
    const world = new World();
    await start(world);
    const [record] = world.journals.records.values();
    world.journals.records.set(record!.id, { ...record!, data: '{"version":2}' });
    await assert.rejects(start(world), { code: 'ERR_DATASTORE_UNUSABLE' });
  });

  it('shares the datastore with another server, each with authorities and a journal of its own', async () => {
    const world = new World();
    const first = await start(world);
    const other = new World();
    Object.assign(other, { bundles: world.bundles, journals: world.journals, clock: world.clock });
    other.keys = new MemoryKeyManager();
    const another = await start(other);
    assert.equal(world.journals.records.size, 2);
    await world.clock.advance(second);
    for (const chain of [issue(first), issue(another)]) {
      verify(world, first, chain);
      verify(world, another, chain);
    }
  });

  it('keeps what it issued and what it issues valid through three days of rotation', async () => {
    const world = new World();
    const authority = await start(world);
    const fresh = (): boolean => authority.serverSvid.getX509Svid().expiresAt > later(world, 29 * minute);
    for (let hours = 0; hours < 72; hours++) {
      const chain = issue(authority);
      for (let tenMinutes = 0; tenMinutes < 6; tenMinutes++) {
        verify(world, authority, chain);
        verify(world, authority, chainOf(authority.serverSvid.getX509Svid()));
        assert.equal(authority.isReady, true);
        await world.clock.advance(10 * minute - second);
        // Keys are made in real time, whatever the clock says.
        await eventually('the server has a fresh SVID', fresh);
      }
    }
    assert.deepEqual(world.log.messages('error'), []);
    assert.ok(world.publishedCount > 3, `${world.publishedCount} authorities were published`);
  }).timeout(120_000);

  it('goes on with the same authority and the same bundle after a restart', async () => {
    const world = new World();
    const first = await start(world);
    const chain = issue(first);
    await first[Symbol.asyncDispose]();
    const again = await start(world);
    verify(world, again, chain);
    assert.equal(world.publishedCount, 1);
    assert.equal(Certificate.parse(issue(again)[0]!).authorityKeyId?.toString('hex'), authorityOf(chain));
  });

  it('stops when its signal aborts', async () => {
    const world = new World();
    const authority = world.createAuthority();
    const stop = new AbortController();
    await authority.start(stop.signal);
    stop.abort();
    await authority[Symbol.asyncDispose]();
    assert.equal(world.clock.sleepers, 0);
  });

  it('logs a rotation that fails, serves on, and tries again', async () => {
    const world = new World();
    const authority = await start(world);
    await world.clock.advance(12 * hour - minute);
    world.bundles.beforeWrite = () => {
      throw new Error('disk full');
    };
    await world.clock.advance(2 * minute);
    // Keys are made in real time, whatever the clock says.
    await eventually('the failure is logged', () => world.log.messages('error').length > 0);
    verify(world, authority, issue(authority));
    world.bundles.beforeWrite = () => undefined;
    await world.clock.advance(10 * second);
    await eventually('the next authority is prepared', () => world.publishedCount === 2);
  });

  it('warns of a default lifetime that the life of an authority may cut short', async () => {
    const world = new World();
    world.caTtlMs = 5 * hour;
    await start(world);
    assert.equal(world.log.messages('warn').length, 1);
  });

  describe('its own SVID', () => {
    it('is replaced at half life, with a new key, and says so', async () => {
      const world = new World();
      const authority = await start(world);
      const before = authority.serverSvid.getX509Svid();
      let updates = 0;
      authority.serverSvid.on('update', () => updates++);
      await world.clock.advance(29 * minute + 50 * second);
      assert.equal(authority.serverSvid.getX509Svid(), before);
      await world.clock.advance(10 * second);
      await eventually('the SVID is replaced', () => updates > 0);
      const after = authority.serverSvid.getX509Svid();
      assert.ok(!after.leaf.publicKeyInfo.equals(before.leaf.publicKeyInfo));
      assert.equal(updates, 1);
    });

    it('is replaced when its authority is tainted and another one signs', async () => {
      const world = new World();
      const authority = await start(world);
      const before = authority.serverSvid.getX509Svid();
      await taintAll(world);
      await world.clock.advance(10 * second);
      assert.equal(authority.serverSvid.getX509Svid(), before, 'the active one is as tainted: a new SVID is no better');
      await world.clock.advance(20 * hour);
      await eventually('another authority signs', () => authorityOf(issue(authority)) !== authorityOf(chainOf(before)));
      await world.clock.advance(5 * second);
      const isReplaced = (): boolean =>
        authorityOf(chainOf(authority.serverSvid.getX509Svid())) === authorityOf(issue(authority));
      await eventually('the SVID is by that authority', isReplaced);
    });
  });

  describe('its bundle', () => {
    it('follows what others write to the datastore within a second, and says so', async () => {
      const world = new World();
      const authority = await start(world);
      let updates = 0;
      authority.bundle.on('update', () => updates++);
      await world.bundles.append(trustDomain, {
        x509Authorities: [{ certificate: await foreignRoot(), tainted: false }],
      });
      await world.clock.advance(second);
      assert.equal(authority.bundle.getX509BundleForTrustDomain(trustDomain).authorities.length, 2);
      await world.clock.advance(5 * second);
      assert.equal(updates, 1);
    });

    it('still verifies by a tainted authority', async () => {
      const world = new World();
      const authority = await start(world);
      const chain = issue(authority);
      await taintAll(world);
      await world.clock.advance(second);
      verify(world, authority, chain);
    });

    it('drops an authority a day after it expired, and not before', async () => {
      const world = new World();
      const authority = await start(world);
      const [first] = authority.bundle.getX509BundleForTrustDomain(trustDomain).authorities;
      await world.clock.advance(2 * day - minute);
      assert.ok(authority.bundle.getX509BundleForTrustDomain(trustDomain).has(first!));
      await world.clock.advance(6 * hour);
      assert.ok(!authority.bundle.getX509BundleForTrustDomain(trustDomain).has(first!));
    }).timeout(120_000);
  });
});

function chainOf(svid: X509Svid): readonly Buffer[] {
  return svid.certificates.map(({ raw }) => raw);
}

function authorityOf([leaf]: readonly Buffer[]): string | undefined {
  return Certificate.parse(leaf!).authorityKeyId?.toString('hex');
}

function later(world: World, ms: number): Date {
  return new Date(world.clock.now().getTime() + ms);
}

async function taintAll(world: World): Promise<void> {
  await world.bundles.replace(trustDomain, ({ x509Authorities, jwtAuthorities }) => ({
    x509Authorities: x509Authorities.map(({ certificate }) => ({ certificate, tainted: true })),
    jwtAuthorities,
  }));
}

async function foreignRoot(): Promise<Buffer> {
  const key = await generateKey('ec-p256');
  const name = Buffer.from('3000', 'hex');
  return signCertificate(
    {
      serialNumber: Buffer.of(1),
      issuer: name,
      subject: name,
      notBefore: new Date('2029-01-01T00:00:00Z'),
      notAfter: new Date('2040-01-01T00:00:00Z'),
      publicKeyInfo: publicKeyInfoOf(key),
      extensions: [subjectAltNameExtension({ uris: ['spiffe://example.org'], critical: true })],
    },
    key,
  );
}
