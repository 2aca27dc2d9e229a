// An upstream authority that fails or lies: what we sign with stays good, and we go on signing.
import assert from 'node:assert/strict';
import { generateKey, publicKeyInfoOf } from '@credence/sdk/keys';
import { TestCa, type TestCertificateOptions } from '@credence/sdk/testing';
import { nameConstraintsExtension, subjectKeyIdExtension, type Certificate } from '@credence/sdk/x509';
import type {
  CertifiedAuthority,
  UpstreamAuthority,
  UpstreamBundle,
  UpstreamRequest,
} from '../../dist/ca/upstream/upstream-authority.js';
import { Above } from './support/above.js';
import { eventually } from './support/eventually.js';
import { assertVerifies, hour, World } from './support/world.js';

const validity = { notBefore: new Date('2029-01-01T00:00:00Z'), notAfter: new Date('2039-01-01T00:00:00Z') };

/** Certifies as it is told to. */
class Liar implements UpstreamAuthority {
  readonly #world: World;
  root: TestCa;
  lie: TestCertificateOptions = {};
  strays: readonly Certificate[] = [];
  below = 0;

  private constructor(world: World, root: TestCa) {
    this.#world = world;
    this.root = root;
  }

  static async create(world: World): Promise<Liar> {
    return new Liar(world, await TestCa.create('example.org', validity));
  }

  async certify({ publicKeyInfo }: UpstreamRequest): Promise<CertifiedAuthority> {
    const managed = this.#world.keys.list().find(({ privateKey }) => publicKeyInfoOf(privateKey).equals(publicKeyInfo));
    const chain: Certificate[] = [];
    let issuer = this.root;
    for (let height = 0; height < this.below; height++) {
      issuer = await issuer.childCa(validity);
      chain.unshift(issuer.certificate);
    }
    const { certificate } = await issuer.childCa({ ...validity, key: managed!.privateKey, ...this.lie });
    return { certificate, chain: [...chain, ...this.strays], roots: [this.root.certificate] };
  }

  bundle(): Promise<UpstreamBundle> {
    const x509Authorities = [{ certificate: this.root.certificate.raw, tainted: false }];
    return Promise.resolve({ x509Authorities, jwtAuthorities: [], isShared: true });
  }

  standsBehind(): Promise<boolean> {
    return Promise.resolve(true);
  }
}

async function withLiar(work: (liar: Liar, world: World) => Promise<void>): Promise<void> {
  const world = new World();
  const liar = await Liar.create(world);
  world.settings = { upstream: liar };
  await work(liar, world);
}

describe('an upstream authority that certifies what is of no use', () => {
  const lies: readonly [string, TestCertificateOptions, number][] = [
    ['for other purposes only (X509-SVID §4.4)', { extendedKeyUsage: ['1.3.6.1.5.5.7.3.4'] }, 0],
    [
      'with name constraints that leave the trust domain out (X509-SVID §4.2)',
      { uris: [], extraExtensions: [nameConstraintsExtension({ permittedUris: ['other.example'] })] },
      0,
    ],
    ['with a chain that is longer than anybody takes', {}, 9],
  ];
  for (const [name, lie, below] of lies) {
    it(`${name}: the active authority stays`, () =>
      withLiar(async (liar, world) => {
        const authorities = await world.boot();
        await authorities.rotation.tick();
        const { activeId } = authorities;
        assertVerifies(world, authorities.issue());
        liar.lie = lie;
        liar.below = below;
        await assert.rejects(authorities.rotation.prepare(), { code: 'ERR_UPSTREAM' });
        assert.equal(authorities.activeId, activeId);
        assert.equal(authorities.picture, 'A active');
        liar.lie = {};
        liar.below = 0;
        await authorities.rotation.prepare();
        assert.equal(authorities.picture, 'A active, B prepared');
      }));
  }

  it('below intermediates that are no part of its path: it is sound all the same', () =>
    withLiar(async (liar, world) => {
      liar.below = 1;
      liar.strays = [(await TestCa.create('example.org', validity)).certificate];
      const authorities = await world.boot();
      await authorities.rotation.tick();
      assertVerifies(world, authorities.issue());
      await authorities.rotation.tick();
      assert.equal(authorities.picture, 'A active');
      assert.equal(authorities.issue().length, 3);
    }));

  it('under a key ID of its own choice: our authority is found again after a restart', () =>
    withLiar(async (liar, world) => {
      liar.lie = { extraExtensions: [subjectKeyIdExtension(Buffer.from('0102030405', 'hex'))] };
      const before = await world.boot();
      await before.rotation.tick();
      assert.equal(before.activeId, '0102030405');
      const after = await world.boot();
      assert.equal(after.picture, 'A active');
      assert.equal(after.activeId, before.activeId);
    }));
});

describe('an upstream authority that comes up with new roots all the time', () => {
  it('does not make the bundle larger than agents take', () =>
    withLiar(async (liar, world) => {
      const { bundle, rotation } = await world.boot();
      await rotation.tick();
      const held = bundle.stored!.x509Authorities;
      const key = await generateKey('ec-p256');
      const many = async (count: number): Promise<UpstreamBundle> => {
        const roots = await Promise.all(
          Array.from({ length: count }, () => TestCa.create('example.org', { ...validity, key })),
        );
        const x509Authorities = roots.map(({ certificate }) => ({ certificate: certificate.raw, tainted: false }));
        return { x509Authorities, jwtAuthorities: [], isShared: true };
      };
      const former = liar.root;
      for (let round = 0; round < 3; round++) {
        await bundle.follow(await many(100));
      }
      assert.equal(world.publishedCount, 256);
      assert.deepEqual(bundle.stored!.x509Authorities.slice(0, 1), held);
      // What it says of those that we hold still counts, and what we cannot publish does not sign.
      await bundle.follow({
        ...(await many(0)),
        x509Authorities: [{ certificate: former.certificate.raw, tainted: true }],
      });
      assert.equal(bundle.stored?.x509Authorities[0]?.tainted, true);
      liar.root = await TestCa.create('example.org', validity);
      await assert.rejects(rotation.prepare(), { code: 'ERR_UPSTREAM', message: /no room for another root/ });
      assert.equal(world.publishedCount, 256);
    }));
});

describe('a server whose upstream authority is away', () => {
  async function withUpper(work: (above: Above, world: World) => Promise<void>): Promise<void> {
    const top = new World();
    top.caTtlMs = 30 * 24 * hour;
    const above = new Above(top);
    await using upper = above.authority;
    await upper.start(new AbortController().signal);
    const world = new World();
    world.settings = { upstream: above };
    {
      await using first = world.createAuthority();
      await first.start(new AbortController().signal);
    }
    await work(above, world);
  }

  it('starts, and signs, although its authorities are to be replaced', () =>
    withUpper(async (above, world) => {
      above.reachable = false;
      await world.clock.advance(13 * hour);
      await using authority = world.createAuthority();
      await authority.start(new AbortController().signal);
      assert.ok(authority.isReady);
      above.reachable = true;
      await world.clock.advance(10_000);
      await eventually(
        'the next one is prepared',
        () => authority.localAuthorities.x509.state().prepared !== undefined,
      );
    }));

  it('starts at once although the upstream authority never answers', () =>
    withUpper(async (above, world) => {
      const silence = new Promise<never>(() => undefined);
      above.certify = () => silence;
      above.bundle = () => silence;
      above.publishJwtAuthority = () => silence;
      const authority = world.createAuthority();
      let started = false;
      void authority.start(new AbortController().signal).then(() => {
        started = true;
      });
      await eventually('it has started', () => started);
      assert.ok(authority.isReady);
    }));
});
