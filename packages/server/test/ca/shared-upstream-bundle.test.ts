// An upstream authority that has the bundle of our trust domain: what ours takes over from it, and what it takes of ours.
import assert from 'node:assert/strict';
import { generateKey, publicKeyInfoOf } from '@credence/sdk/keys';
import { Certificate } from '@credence/sdk/x509';
import type { CertificateAuthority } from '../../dist/ca/certificate-authority.js';
import { followedBundle } from '../../dist/ca/upstream/followed-bundle.js';
import type { UpstreamBundle } from '../../dist/ca/upstream/upstream-authority.js';
import type { JwtAuthority, X509Authority } from '../../dist/domain/trust-bundle.js';
import { Above } from './support/above.js';
import { eventually } from './support/eventually.js';
import { assertVerifies, trustDomain, World, workloadId } from './support/world.js';

const second = 1000;

interface Nested {
  readonly above: Above;
  readonly top: World;
  readonly world: World;
  readonly authority: CertificateAuthority;
}

async function withNested(work: (nested: Nested) => Promise<void>, stop?: AbortSignal): Promise<void> {
  const signal = stop ?? new AbortController().signal;
  const top = new World();
  const above = new Above(top);
  await using upper = above.authority;
  await upper.start(signal);
  const world = new World();
  world.settings = { upstream: above };
  await using authority = world.createAuthority();
  await authority.start(signal);
  await work({ above, top, world, authority });
}

const jwtIds = ({ bundles }: World): string[] =>
  bundles.bundles.get(trustDomain.name)!.jwtAuthorities.map(({ keyId }) => keyId);
const roots = ({ bundles }: World): string[] =>
  bundles.bundles.get(trustDomain.name)!.x509Authorities.map(({ certificate, tainted }) => {
    return `${Certificate.parse(certificate).subjectKeyId!.toString('hex')}${tainted ? '*' : ''}`;
  });
const issue = async ({ x509Issuer }: CertificateAuthority): Promise<readonly Buffer[]> => {
  const publicKeyInfo = publicKeyInfoOf(await generateKey('ec-p256'));
  return x509Issuer.issueX509Svid({ spiffeId: workloadId, publicKeyInfo, ttlSeconds: 60 }).chain;
};

describe('an upstream authority with the bundle of the trust domain', () => {
  it('has our JWT authorities, and we have its authorities of both kinds', () =>
    withNested(async ({ above, top, world, authority }) => {
      assert.deepEqual(roots(world), roots(top));
      assert.deepEqual(jwtIds(top).length, 2);
      assert.deepEqual(jwtIds(world).sort(), jwtIds(top).sort());
      assertVerifies(top, await issue(authority));
      const { id } = await authority.localAuthorities.jwt!.prepare();
      assert.ok(jwtIds(top).includes(id));
      const { id: theirs } = await above.authority.localAuthorities.jwt!.prepare();
      await world.clock.advance(5 * second);
      await eventually('their JWT authority is ours', () => jwtIds(world).includes(theirs));
    }));

  it('is asked every five seconds, and what it lost of ours it gets again', () =>
    withNested(async ({ top, world, authority }) => {
      const own = authority.localAuthorities.jwt!.state().active.id;
      const without = ({ keyId }: JwtAuthority): boolean => keyId !== own;
      await top.bundles.replace(trustDomain, (bundle) => ({
        ...bundle,
        jwtAuthorities: bundle.jwtAuthorities.filter(without),
      }));
      await world.clock.advance(5 * second);
      await eventually('it is back', () => jwtIds(top).includes(own));
    }));

  it('taints: first our authority is replaced by one that stands on another root, then ours is tainted; and revokes', () =>
    withNested(async ({ above, top, world, authority }) => {
      const { x509: upper } = above.authority.localAuthorities;
      const before = await issue(authority);
      const { id: old } = upper.state().active;
      await upper.activate((await upper.prepare()).id);
      await world.clock.advance(5 * second);
      await eventually('the new root is ours', () => roots(world).length === 2);
      const { x509 } = authority.localAuthorities;
      const { id } = x509.state().active;

      await upper.taint(old);
      const [first] = roots(top);
      assert.equal(first, `${old}*`);
      await world.clock.advance(5 * second);
      await eventually('the root is tainted here', () => roots(world)[0] === first);
      assert.notEqual(x509.state().active.id, id);
      assert.equal(x509.state().active.upstreamId, upper.state().active.id);
      assertVerifies(world, before);

      await upper.revoke(old);
      await world.clock.advance(5 * second);
      await eventually('the root is gone', () => roots(world).length === 1);
      assert.deepEqual(roots(world), roots(top));
      const after = await issue(authority);
      assertVerifies(world, after);
      assert.throws(() => {
        assertVerifies(world, before);
      });
    }));

  it('may be out of reach: we go on, and follow later', () =>
    withNested(async ({ above, world, authority }) => {
      above.reachable = false;
      const { id } = await above.authority.localAuthorities.x509.prepare();
      await world.clock.advance(5 * second);
      await eventually('it is logged', () => world.log.messages('error').length > 0);
      assertVerifies(world, await issue(authority));
      above.reachable = true;
      await world.clock.advance(5 * second);
      await eventually('its root is ours', () => roots(world).includes(id));
    }));

  it('gets the JWT authority of a server that comes to stand below it', async () => {
    const world = new World();
    {
      await using alone = world.createAuthority();
      await alone.start(new AbortController().signal);
    }
    const top = new World();
    const above = new Above(top);
    await using upper = above.authority;
    await upper.start(new AbortController().signal);
    world.settings = { upstream: above };
    await using authority = world.createAuthority();
    await authority.start(new AbortController().signal);
    await eventually('each has the JWT authorities of both', () => jwtIds(top).length + jwtIds(world).length === 4);
    assert.deepEqual(jwtIds(world).sort(), jwtIds(top).sort());
    const { active, prepared } = authority.localAuthorities.x509.state();
    assert.equal(active.upstreamId, undefined);
    assert.equal(prepared?.upstreamId, upper.localAuthorities.x509.state().active.id);
  });
});

describe('a bundle that follows another', () => {
  const x509 = (name: string, tainted = false): X509Authority => ({ certificate: Buffer.from(name), tainted });
  const jwt = (keyId: string, tainted = false): JwtAuthority => ({
    keyId,
    publicKey: Buffer.from(keyId),
    expiresAt: undefined,
    tainted,
  });
  const held = { x509Authorities: [x509('a'), x509('b', true)], jwtAuthorities: [jwt('k'), jwt('l', true)] };

  const rows: readonly [string, Omit<UpstreamBundle, 'isShared'>, boolean, typeof held | undefined][] = [
    ['is as it was when nothing is new', held, true, undefined],
    ['keeps what it has alone, while that is not tainted', { ...held, x509Authorities: [x509('b')] }, true, undefined],
    [
      'has what is new, tainted or not',
      { x509Authorities: [x509('c', true), x509('b')], jwtAuthorities: [...held.jwtAuthorities, jwt('m')] },
      true,
      {
        x509Authorities: [...held.x509Authorities, x509('c', true)],
        jwtAuthorities: [...held.jwtAuthorities, jwt('m')],
      },
    ],
    [
      'taints what is tainted',
      { x509Authorities: [x509('a', true), x509('b')], jwtAuthorities: [jwt('k', true), jwt('l')] },
      true,
      { x509Authorities: [x509('a', true), x509('b', true)], jwtAuthorities: [jwt('k', true), jwt('l', true)] },
    ],
    [
      'drops what is tainted and gone',
      { x509Authorities: [x509('a')], jwtAuthorities: [jwt('k')] },
      true,
      { x509Authorities: [x509('a')], jwtAuthorities: [jwt('k')] },
    ],
    [
      'keeps that, when the other is no bundle of its trust domain',
      { x509Authorities: [], jwtAuthorities: [] },
      false,
      undefined,
    ],
  ];
  for (const [title, above, isShared, expected] of rows) {
    it(title, () => {
      assert.deepEqual(followedBundle(held, { ...above, isShared }), expected);
    });
  }
});
