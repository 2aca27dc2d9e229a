// XV-37 … XV-51: who signed, how, and for which trust domain.
import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { X509Bundle, X509BundleSet, TrustDomain } from '@credence/sdk';
import { TestCa } from '@credence/sdk/testing';
import { subjectKeyIdExtension } from '@credence/sdk/x509';
import { generateKey, publicKeyInfoOf } from '@credence/sdk/keys';
import { algorithmIdentifier, oddCertificate, type OddFields } from './odd-certificate.js';
import { leafId, leafOf, type Scene, type Trial, type Vector } from './vector.js';

const past = new Date('2020-01-02T00:00:00Z');
const longPast = new Date('2020-01-01T00:00:00Z');
const makePair = promisify(generateKeyPair);

const flipped =
  (position: (leaf: Buffer) => number) =>
  async ({ a }: Scene): Promise<Trial> => {
    const { chain, privateKey } = await a.credential(leafId);
    const leaf = Buffer.from(chain[0]!);
    leaf[position(leaf)]! ^= 1;
    return { chain: [leaf], privateKey };
  };

async function oddLeaf(ca: TestCa, odd: OddFields, key?: KeyObject): Promise<Trial> {
  const privateKey = key ?? (await generateKey('ec-p256'));
  const leaf = oddCertificate(ca.leafTemplate(leafId, privateKey), ca.key, odd);
  return { chain: [leaf], privateKey, bundles: X509BundleSet.of(ca.bundle()) };
}

// A CA that copies everything of RA but the key.
async function impostorOf(ca: TestCa): Promise<TestCa> {
  const { serialNumber, subjectKeyId } = ca.certificate;
  return TestCa.create(ca.trustDomain, {
    serialNumber: Buffer.from(serialNumber.toString(16).padStart(32, '0'), 'hex'),
    extraExtensions: [subjectKeyIdExtension(subjectKeyId!)],
  });
}

async function explicitCurveIntermediate({ a }: Scene): Promise<Trial> {
  const { privateKey: explicit } = await makePair('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' });
  const child = await a.childCa();
  const intermediate = oddCertificate(
    a.leafTemplate(leafId, child.key, { keyUsage: ['keyCertSign'], basicConstraints: { ca: true } }),
    a.key,
    { subject: child.certificate.subject, publicKeyInfo: publicKeyInfoOf(explicit) },
  );
  const { chain, privateKey } = await child.credential(leafId);
  return { chain: [chain[0]!, intermediate], privateKey };
}

const withCa = (make: () => Promise<TestCa>) => async (): Promise<Trial> => leafOf(await make());

export const trustVectors: readonly Vector[] = [
  {
    id: 'XV-37',
    title: 'an expired intermediate (RFC 5280 §6.1.3)',
    expected: 'REJECT',
    reason: 'expired',
    make: async ({ a }) => (await a.childCa({ notBefore: longPast, notAfter: past })).credential(leafId),
    twin: async ({ a }) => (await a.childCa({ notBefore: longPast })).credential(leafId),
  },
  {
    id: 'XV-38',
    title: 'an expired root, as TLS libraries do',
    expected: 'REJECT',
    reason: 'expired',
    make: withCa(() => TestCa.create('a.test', { notBefore: longPast, notAfter: past })),
    twin: withCa(() => TestCa.create('a.test', { notBefore: longPast })),
  },
  {
    id: 'XV-39',
    title: 'a bit flipped in what is signed',
    expected: 'REJECT',
    reason: 'signature',
    make: flipped((leaf) => leaf.indexOf(leafId) + leafId.length - 1),
  },
  {
    id: 'XV-39',
    title: 'a bit flipped in the signature',
    expected: 'REJECT',
    reason: 'signature',
    make: flipped((leaf) => leaf.length - 1),
  },
  {
    id: 'XV-40',
    title: 'an unknown CA with the name and the key identifier of the root',
    expected: 'REJECT',
    reason: 'signature',
    make: async ({ a }) => (await impostorOf(a)).credential(leafId),
  },
  {
    id: 'XV-41',
    title: 'two signature algorithms in one certificate (RFC 5280 §4.1.1.2)',
    expected: 'REJECT',
    reason: 'malformed',
    make: async ({ a }) => oddLeaf(a, { signatureAlgorithm: algorithmIdentifier('1.2.840.10045.4.3.3', 'absent') }),
    twin: async ({ a }) => oddLeaf(a, {}),
  },
  {
    id: 'XV-42',
    title: 'an ECDSA signature over SHA-1',
    expected: 'REJECT',
    reason: 'signature-algorithm',
    make: async ({ a }) => oddLeaf(a, { signature: algorithmIdentifier('1.2.840.10045.4.1', 'absent'), hash: 'sha1' }),
    twin: async ({ a }) => oddLeaf(a, {}),
  },
  ...[
    ['md5', '1.2.840.113549.1.1.4'],
    ['sha1', '1.2.840.113549.1.1.5'],
  ].map(([hash = '', oid = '']): Vector => ({
    id: 'XV-42',
    title: `an RSA signature over ${hash}`,
    expected: 'REJECT',
    reason: 'signature-algorithm',
    make: async () =>
      oddLeaf(await TestCa.create('a.test', { keyType: 'rsa-2048' }), {
        signature: algorithmIdentifier(oid, 'null'),
        hash,
      }),
    twin: withCa(() => TestCa.create('a.test', { keyType: 'rsa-2048' })),
  })),
  {
    id: 'XV-42',
    title: 'a leaf with an RSA key of 1024 bits',
    expected: 'REJECT',
    reason: 'malformed',
    make: async ({ a }) => {
      const { privateKey } = await makePair('rsa', { modulusLength: 1024 });
      return a.credential(leafId, { key: privateKey });
    },
    twin: ({ a }) => a.credential(leafId, { keyType: 'rsa-2048' }),
  },
  {
    id: 'XV-43',
    title: 'an intermediate whose key has explicit curve parameters (RFC 5480 §2.1.1)',
    expected: 'REJECT',
    reason: 'malformed',
    make: explicitCurveIntermediate,
  },
  {
    id: 'XV-44',
    title: 'an ID of b.test signed by the root of a.test',
    expected: 'REJECT',
    reason: 'unknown-authority',
    make: ({ a }) => a.credential('spiffe://b.test/w'),
  },
  {
    id: 'XV-45',
    title: 'an ID of a.test signed by the root of b.test',
    expected: 'REJECT',
    reason: 'unknown-authority',
    make: ({ b }) => b.credential(leafId),
  },
  {
    id: 'XV-46',
    title: 'an ID of a trust domain without a bundle',
    expected: 'REJECT',
    reason: 'no-bundle',
    make: ({ a }) => a.credential('spiffe://c.test/w'),
  },
  {
    id: 'XV-47',
    title: 'an intermediate of b.test below the root of a.test, with a leaf of b.test',
    expected: 'REJECT',
    reason: 'unknown-authority',
    make: async ({ a }) => (await a.childCa({ trustDomain: 'b.test' })).credential('spiffe://b.test/w'),
    twin: async ({ b }) => (await b.childCa()).credential('spiffe://b.test/w'),
  },
  {
    id: 'XV-48',
    title: 'one root in the bundles of both trust domains, as the trust domain of the ID',
    expected: 'ACCEPT',
    spiffeId: 'spiffe://b.test/w',
    make: async ({ a }) => {
      const shared = X509Bundle.fromCertificates(TrustDomain.parse('b.test'), [a.certificate]);
      return { ...(await a.credential('spiffe://b.test/w')), bundles: X509BundleSet.of(a.bundle(), shared) };
    },
  },
  {
    id: 'XV-49',
    title: 'a leaf of the federated trust domain by its own root',
    expected: 'ACCEPT',
    spiffeId: 'spiffe://b.test/w',
    make: ({ b }) => b.credential('spiffe://b.test/w'),
  },
  {
    id: 'XV-50',
    title: 'a federated leaf after its bundle was withdrawn',
    expected: 'REJECT',
    reason: 'no-bundle',
    make: async ({ b, bundles }) => ({
      ...(await b.credential('spiffe://b.test/w')),
      bundles: bundles.without(b.trustDomain),
    }),
    twin: ({ b }) => b.credential('spiffe://b.test/w'),
  },
  {
    id: 'XV-51',
    title: 'a leaf by an authority that was removed from the bundle',
    expected: 'REJECT',
    reason: 'unknown-authority',
    make: async () => {
      const ca = await TestCa.create('a.test');
      const old = await ca.credential(leafId);
      await ca.rotate();
      return { ...old, bundles: X509BundleSet.of(X509Bundle.fromCertificates(ca.trustDomain, [ca.certificate])) };
    },
    twin: async () => {
      const ca = await TestCa.create('a.test');
      const old = await ca.credential(leafId);
      await ca.rotate();
      return { ...old, bundles: X509BundleSet.of(ca.bundle()) };
    },
  },
];
