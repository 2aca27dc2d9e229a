// JV-02, JV-08, JV-10 … JV-28: which key may have signed, and how its signature is checked.
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { JwtBundleSet, SpiffeBundle, SpiffeBundleSet, type JwtBundleSource } from '@credence/sdk';
import { aTest, bTest, bundleOf, draft, holding, jwk, type Pair, type Scene, type Vector } from './vector.js';

const makePair = promisify(generateKeyPair);
const ec = (namedCurve: string): Promise<Pair> => makePair('ec', { namedCurve });
const plain = (scene: Scene): string => draft(scene);

const byB = (scene: Scene): string => draft(scene, { claims: { sub: 'spiffe://b.test/w' }, key: scene.b.privateKey });
const ofB = (scene: Scene): string => draft(scene, { claims: { sub: 'spiffe://b.test/w' } });

export const keyVectors: readonly Vector[] = [
  {
    id: 'JV-02',
    title: 'each of the nine algorithms of JWT-SVID §2.1',
    expected: 'ACCEPT',
    trials: async (scene) => {
      const pairs: Record<string, Pair> = {
        ES256: scene.a,
        ES384: await ec('P-384'),
        ES512: await ec('P-521'),
        ...Object.fromEntries(
          ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((alg) => [alg, scene.rsa] as const),
        ),
      };
      return Object.entries(pairs).map(([alg, pair]) => ({
        token: draft(scene, { header: { alg }, key: pair.privateKey }),
        bundles: JwtBundleSet.of(bundleOf({ k1: pair })),
      }));
    },
  },
  {
    id: 'JV-08',
    title: 'EdDSA by an Ed25519 key that the bundle lists, where the other keys keep working',
    expected: 'REJECT',
    reason: 'algorithm',
    twins: (scene) => [{ token: plain(scene), bundles: withEd25519(scene) }],
    trials: (scene) => [
      {
        token: draft(scene, { header: { alg: 'EdDSA', kid: 'ed' }, key: scene.ed25519.privateKey }),
        bundles: withEd25519(scene),
      },
    ],
  },
  {
    id: 'JV-10',
    title: 'an algorithm of another type, curve or JWK than the key (RFC 8725 §3.1)',
    expected: 'REJECT',
    reason: 'algorithm',
    twins: (scene) => [
      {
        token: draft(scene, { header: { alg: 'RS256' }, key: scene.rsa.privateKey }),
        bundles: holding(jwk(scene.rsa, { alg: 'RS256' })),
      },
    ],
    trials: (scene) => [
      { token: draft(scene, { header: { alg: 'RS256' }, key: scene.rsa.privateKey }) },
      { token: draft(scene, { header: { alg: 'ES384' } }) },
      {
        token: draft(scene, { header: { alg: 'PS256' }, key: scene.rsa.privateKey }),
        bundles: holding(jwk(scene.rsa, { alg: 'RS256' })),
      },
    ],
  },
  {
    id: 'JV-13',
    title: 'RSA of 1024 bits in the bundle (RFC 7518 §3.3)',
    expected: 'REJECT',
    reason: 'unknown-authority',
    trials: async (scene) => {
      const weak = await makePair('rsa', { modulusLength: 1024 });
      return [{ token: draft(scene, { header: { alg: 'RS256' }, key: weak.privateKey }), bundles: holding(jwk(weak)) }];
    },
  },
  {
    id: 'JV-16',
    title: 'an unknown "kid"',
    expected: 'REJECT',
    reason: 'unknown-authority',
    trials: (scene) => [{ token: draft(scene, { header: { kid: 'k2' } }) }],
  },
  {
    id: 'JV-17',
    title: 'no "kid" and one key (JWT-SVID §2.2)',
    expected: 'ACCEPT',
    trials: (scene) => [{ token: draft(scene, { header: { kid: undefined } }) }],
  },
  {
    id: 'JV-18',
    title: 'no "kid" and several keys, of which those of fitting type are tried (JWT-SVID §2.2)',
    expected: 'ACCEPT',
    trials: (scene) => [
      {
        token: draft(scene, { header: { kid: undefined } }),
        bundles: JwtBundleSet.of(bundleOf({ r: scene.rsa, other: scene.b, k1: scene.a })),
      },
    ],
  },
  {
    id: 'JV-17',
    title: 'no "kid" where the operator requires one',
    expected: 'REJECT',
    reason: 'key-id',
    trials: (scene) => [{ token: draft(scene, { header: { kid: undefined } }), options: { requireKeyId: true } }],
  },
  {
    id: 'JV-19',
    title: 'a "kid" of other case, or with a space behind it',
    expected: 'REJECT',
    reason: 'unknown-authority',
    trials: (scene) => ['K1', 'k1 ', ' k1'].map((kid) => ({ token: draft(scene, { header: { kid } }) })),
  },
  {
    id: 'JV-20',
    title: 'a "kid" that is no non-empty text',
    expected: 'REJECT',
    reason: 'key-id',
    trials: (scene) => [7, ['k1'], '', null, {}].map((kid) => ({ token: draft(scene, { header: { kid } }) })),
  },
  {
    id: 'JV-20',
    title: 'a "kid" that means something to a file system, a database or an object',
    expected: 'REJECT',
    reason: 'unknown-authority',
    trials: (scene) =>
      ['../../etc/passwd', "' OR 1=1", '__proto__', 'constructor', 'k'.repeat(20_000)].map((kid) => ({
        token: draft(scene, { header: { kid } }),
      })),
  },
  {
    id: 'JV-20',
    title: 'a "kid" of a megabyte',
    expected: 'REJECT',
    reason: 'malformed',
    trials: (scene) => [{ token: draft(scene, { header: { kid: 'k'.repeat(1 << 20) } }) }],
  },
  {
    id: 'JV-21',
    title: 'a subject of b.test signed by a key that only a.test has',
    expected: 'REJECT',
    reason: 'unknown-authority',
    twins: (scene) => [{ token: draft(scene, { header: { kid: 'ka' } }), bundles: distinctIds(scene) }],
    trials: (scene) => [
      {
        token: draft(scene, { header: { kid: 'ka' }, claims: { sub: 'spiffe://b.test/w' } }),
        bundles: distinctIds(scene),
      },
    ],
  },
  {
    id: 'JV-22',
    title: 'a subject of b.test signed by the key of a.test, where both have a key of that ID',
    expected: 'REJECT',
    reason: 'signature',
    twins: (scene) => [{ token: byB(scene) }],
    trials: (scene) => [
      { token: ofB(scene) },
      { token: draft(scene, { header: { kid: undefined }, claims: { sub: 'spiffe://b.test/w' } }) },
    ],
  },
  {
    id: 'JV-23',
    title: 'a subject of b.test where only the bundle of a.test is held, though b.test has the same key',
    expected: 'REJECT',
    reason: 'no-bundle',
    twins: (scene) => [{ token: plain(scene), bundles: JwtBundleSet.of(bundleOf({ k1: scene.a })) }],
    trials: (scene) => [{ token: ofB(scene), bundles: JwtBundleSet.of(bundleOf({ k1: scene.a })) }],
  },
  {
    id: 'JV-24',
    title: 'a trust domain whose bundle is not held',
    expected: 'REJECT',
    reason: 'no-bundle',
    trials: (scene) =>
      ['c.test', '__proto__', 'constructor', 'a.test.', 'x.a.test'].map((name) => ({
        token: draft(scene, { claims: { sub: `spiffe://${name}/w` } }),
      })),
  },
  {
    id: 'JV-25',
    title: 'a key that is published for another use, or for none (JWT-SVID §6.2)',
    expected: 'REJECT',
    reason: 'unknown-authority',
    twins: (scene) => [{ token: plain(scene), bundles: spiffeBundle(jwk(scene.a, { use: 'jwt-svid' })) }],
    trials: (scene) =>
      [{ use: 'x509-svid' }, { use: 'wit-svid' }, { use: 'sig' }, {}].map((use) => ({
        token: plain(scene),
        bundles: spiffeBundle(jwk(scene.a, use)),
      })),
  },
  {
    id: 'JV-26',
    title: 'a key that was removed, and a bundle that was emptied (SPIFFE Trust Domain and Bundle §4.1.3)',
    expected: 'REJECT',
    reason: 'unknown-authority',
    trials: (scene) => [
      { token: plain(scene), bundles: JwtBundleSet.of(bundleOf({ k1: scene.a, k2: scene.b }).without('k1')) },
      { token: plain(scene), bundles: holding() },
    ],
  },
  {
    id: 'JV-26',
    title: 'a bundle that was withdrawn',
    expected: 'REJECT',
    reason: 'no-bundle',
    trials: (scene) => [{ token: plain(scene), bundles: scene.bundles.without(aTest) }],
  },
  {
    id: 'JV-27',
    title: 'a key that was added',
    expected: 'ACCEPT',
    trials: (scene) => {
      const authority = { keyId: 'k2', publicKey: scene.rsa.publicKey };
      const bundle = bundleOf({ k1: scene.a }).with(authority);
      const added = draft(scene, { header: { alg: 'RS256', kid: 'k2' }, key: scene.rsa.privateKey });
      return [added, plain(scene)].map((token) => ({ token, bundles: JwtBundleSet.of(bundle) }));
    },
  },
  {
    id: 'JV-28',
    title: 'a federated trust domain by its own bundle',
    expected: 'ACCEPT',
    trials: (scene) => [{ token: byB(scene) }],
  },
  {
    id: 'JWT-6.2-b',
    title: 'a trust domain that publishes X.509 authorities only',
    expected: 'REJECT',
    reason: 'unknown-authority',
    trials: (scene) => [{ token: plain(scene), bundles: SpiffeBundleSet.of(SpiffeBundle.of({ trustDomain: aTest })) }],
  },
];

function withEd25519({ a, ed25519 }: Scene): JwtBundleSource {
  return holding(jwk(ed25519, { kid: 'ed' }), jwk(a));
}

function distinctIds({ a, b }: Scene): JwtBundleSet {
  return JwtBundleSet.of(bundleOf({ ka: a }), bundleOf({ kb: b }, bTest));
}

function spiffeBundle(key: object): SpiffeBundleSet {
  return SpiffeBundleSet.of(SpiffeBundle.parse(aTest, JSON.stringify({ keys: [key] })));
}
