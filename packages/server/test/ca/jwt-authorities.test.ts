import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { SpiffeId } from '@credence/sdk';
import { compactVerify, decodeProtectedHeader } from 'jose';
import type { CertificateAuthority } from '../../dist/ca/certificate-authority.js';
import { MemoryKeyManager } from '../../dist/keys/memory-key-manager.js';
import type { JwtAuthority } from '../../dist/domain/trust-bundle.js';
import { day, hour, trustDomain, workloadId, World } from './support/world.js';

const request = { spiffeId: workloadId, audience: ['api'], ttlSeconds: 0, includeTokenId: false };

function published(world: World): readonly JwtAuthority[] {
  return world.bundles.bundles.get(trustDomain.name)?.jwtAuthorities ?? [];
}

/** Checks a token against what the datastore publishes now; answers the key ID. */
async function verifyPublished(world: World, token: string): Promise<string> {
  const { kid } = decodeProtectedHeader(token);
  const authority = published(world).find(({ keyId }) => keyId === kid);
  assert.ok(authority, `${String(kid)} is not published`);
  await compactVerify(token, createPublicKey({ key: authority.publicKey, format: 'der', type: 'spki' }));
  return authority.keyId;
}

describe('JWT authorities', () => {
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

  function issue(authority: CertificateAuthority): string {
    return authority.jwtIssuer!.issueJwtSvid(request).token;
  }

  it('are there once the server has started, and not before', async () => {
    const world = new World();
    const authority = world.createAuthority();
    assert.throws(() => issue(authority), { code: 'ERR_NOT_READY' });
    const started = await start(world);
    await verifyPublished(world, issue(started));
    assert.equal(started.isReady, true);
  });

  it('are prepared at half life and published long before they sign, and change slots (FED-4.1-b, FED-4.1-c)', async () => {
    const world = new World();
    const authority = await start(world);
    const publishedAt = new Map<string, number>();
    const usedAt = new Map<string, number>();
    for (let hours = 0; hours <= 5 * 24; hours++) {
      for (const { keyId } of published(world)) if (!publishedAt.has(keyId)) publishedAt.set(keyId, hours);
      const keyId = await verifyPublished(world, issue(authority));
      if (!usedAt.has(keyId)) usedAt.set(keyId, hours);
      await world.clock.waitForSleepers(6);
      await world.clock.advance(hour);
    }
    assert.ok(usedAt.size >= 5, `${usedAt.size} authorities`);
    for (const [keyId, hours] of usedAt) if (hours > 0) assert.ok(hours - publishedAt.get(keyId)! >= 7, `${hours}`);
  });

  it('are kept for a day after they expired, and the last one for ever (FED-4.1-d)', async () => {
    const world = new World();
    const before = await start(world);
    const [first] = published(world);
    await before[Symbol.asyncDispose]();
    await world.clock.advance(47 * hour);
    await before.bundle.prune(world.clock.now());
    assert.deepEqual(published(world), [first]);
    await world.clock.advance(hour);
    await before.bundle.prune(world.clock.now());
    assert.deepEqual(published(world), [first], 'there is no other');
    await start(world);
    await before.bundle.prune(world.clock.now());
    assert.ok(!published(world).some(({ keyId }) => keyId === first?.keyId));
  });

  it('are taken up again after a restart, from the same journal', async () => {
    const world = new World();
    const before = await start(world);
    const kid = await verifyPublished(world, issue(before));
    await before[Symbol.asyncDispose]();
    const after = await start(world);
    assert.equal(await verifyPublished(world, issue(after)), kid);
    assert.equal(published(world).length, 1);
    assert.equal(world.journals.records.size, 1);
  });

  const losses: [name: string, lose: (world: World) => void | Promise<void>][] = [
    [
      'its key is gone',
      (world) => {
        const { keys } = world;
        const get = keys.get.bind(keys);
        keys.get = (id) => (id.startsWith('JWT') ? undefined : get(id));
      },
    ],
    [
      'its key is another',
      async (world) => {
        await world.keys.generate('JWT-Signer-A', 'ec-p256');
      },
    ],
    [
      'it is not in the bundle',
      async ({ bundles }) => {
        await bundles.replace(trustDomain, (bundle) => ({ ...bundle, jwtAuthorities: [] }));
      },
    ],
    ['it has expired', async (world) => world.clock.advance(2 * day)],
  ];
  for (const [name, lose] of losses) {
    it(`are made anew when ${name}, and the reason is logged`, async () => {
      const world = new World();
      const before = await start(world);
      const kid = decodeProtectedHeader(issue(before)).kid;
      await before[Symbol.asyncDispose]();
      await lose(world);
      const after = await start(world);
      assert.notEqual(await verifyPublished(world, issue(after)), kid);
      assert.ok(world.log.messages('warn').includes('discarded an authority of the journal'));
    });
  }

  it('are others after each start when keys are kept in memory, and the old ones stay published', async () => {
    const world = new World();
    const token = issue(await start(world));
    await running[0]?.[Symbol.asyncDispose]();
    world.keys = new MemoryKeyManager();
    await start(world);
    await verifyPublished(world, token);
    assert.equal(published(world).length, 2);
  });

  it('have the key type that is configured', async () => {
    const world = new World();
    world.settings = { jwtKeyType: 'ec-p384', jwtIssuer: 'issuer', defaultJwtSvidTtlSeconds: 60 };
    const authority = await start(world);
    const { issuedAt, expiresAt, token } = authority.jwtIssuer!.issueJwtSvid(request);
    assert.equal(decodeProtectedHeader(token).alg, 'ES384');
    assert.equal(expiresAt.getTime() - issuedAt.getTime(), 60_000);
    assert.throws(() => authority.jwtIssuer!.issueJwtSvid({ ...request, spiffeId: SpiffeId.parse('spiffe://a/b') }));
  });

  it('are not made when JWT-SVIDs are switched off', async () => {
    const world = new World();
    world.settings = { disableJwtSvids: true };
    const authority = await start(world);
    assert.deepEqual(published(world), []);
    assert.deepEqual([authority.jwtIssuer, authority.localAuthorities.jwt], [undefined, undefined]);
    assert.equal(authority.isReady, true);
  });

  it('are warned about when the default lifetime may be cut short', async () => {
    const world = new World();
    await start(world);
    assert.deepEqual(world.log.messages('warn'), []);
    world.settings = { defaultJwtSvidTtlSeconds: 5 * 3600 };
    await start(world);
    assert.deepEqual(world.log.messages('warn'), ['jwt-svids may be cut short by the life of the authority']);
  });
});
