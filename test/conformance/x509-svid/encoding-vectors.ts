// XV-71 … XV-78: size, time, bundles at their edges, and bytes that are not DER.
import type { KeyObject } from 'node:crypto';
import { X509Bundle, X509BundleSet } from '@credence/sdk';
import { TestCa, type TestCertificateOptions } from '@credence/sdk/testing';
import { generateKey } from '@credence/sdk/keys';
import { Certificate, signCertificate, Tag } from '@credence/sdk/x509';
import { der, oddCertificate, rawExtension, rawSan } from './odd-certificate.js';
import { leafId, plainLeaf, type Scene, type Trial, type Vector } from './vector.js';

const withLeaf =
  (options: TestCertificateOptions) =>
  ({ a }: Scene): Promise<Trial> =>
    a.credential(leafId, options);

/** Many CAs of one name without key identifiers, each signed by the next. */
async function sameNames(sign: (index: number) => number): Promise<Trial> {
  const name = { commonName: 'same' };
  const ca = await TestCa.create('a.test', { subject: name });
  const keys = await Promise.all(Array.from({ length: 9 }, () => generateKey('ec-p256')));
  const options = { subject: name, keyUsage: ['keyCertSign'], basicConstraints: { ca: true }, uris: [] } as const;
  const intermediates = keys.map((key, index) =>
    signCertificate(withoutKeyIds(ca, key, options), keys[sign(index)] ?? key),
  );
  const privateKey = await generateKey('ec-p256');
  const leaf = signCertificate(withoutKeyIds(ca, privateKey, {}), keys[0]!);
  return { chain: [leaf, ...intermediates], privateKey, bundles: X509BundleSet.of(ca.bundle()) };
}

function withoutKeyIds(
  ca: TestCa,
  key: KeyObject,
  options: TestCertificateOptions,
): ReturnType<TestCa['leafTemplate']> {
  const template = ca.leafTemplate(leafId, key, options);
  return {
    ...template,
    extensions: template.extensions.filter((extension) => !/^2\.5\.29\.(14|35)$/.test(extension.oid)),
  };
}

const inBundle = (certificate: Buffer, { a }: Scene): X509BundleSet =>
  X509BundleSet.of(X509Bundle.fromCertificates(a.trustDomain, [Certificate.parse(certificate)]));

const selfSigned = async ({ a }: Scene): Promise<Trial> => {
  const privateKey = await generateKey('ec-p256');
  const template = withoutKeyIds(a, privateKey, {});
  const chain = [signCertificate({ ...template, issuer: template.subject }, privateKey)];
  return { chain, privateKey };
};

const withBytes =
  (change: (leaf: Buffer) => Buffer) =>
  async (scene: Scene): Promise<Trial> => {
    const { chain } = await plainLeaf(scene);
    return { chain: [change(Buffer.from(chain[0]!))] };
  };

/** The content of a long-form SEQUENCE. */
const contentOf = (leaf: Buffer): Buffer => leaf.subarray(2 + (leaf[1]! & 0x7f));

const withSerial =
  (hex: string) =>
  async ({ a }: Scene): Promise<Trial> => {
    const privateKey = await generateKey('ec-p256');
    const serialNumber = der(Tag.integer, Buffer.from(hex, 'hex'));
    return { chain: [oddCertificate(a.leafTemplate(leafId, privateKey), a.key, { serialNumber })], privateKey };
  };

export const encodingVectors: readonly Vector[] = [
  {
    id: 'XV-71',
    title: '9 intermediates of one name, each signed by the next',
    expected: 'REJECT',
    reason: 'too-complex',
    make: () => sameNames((index) => (index + 1) % 9),
  },
  {
    id: 'XV-71',
    title: '9 intermediates of one name, signed in pairs',
    expected: 'REJECT',
    reason: 'too-complex',
    make: () => sameNames((index) => index ^ 1),
  },
  {
    id: 'XV-71',
    title: 'more than 10 certificates',
    expected: 'REJECT',
    reason: 'too-complex',
    make: async (scene) => {
      const { chain } = await plainLeaf(scene);
      return { chain: Array.from({ length: 11 }, () => chain[0]!) };
    },
  },
  {
    id: 'XV-72',
    title: '10,000 SAN entries',
    expected: 'REJECT',
    reason: 'malformed',
    make: withLeaf({
      extraExtensions: [rawSan([6, leafId], ...Array.from({ length: 10_000 }, () => [2, 'a'] as const))],
    }),
  },
  {
    id: 'XV-72',
    title: 'a certificate of 1 MiB',
    expected: 'REJECT',
    reason: 'malformed',
    make: withLeaf({ extraExtensions: [rawExtension('1.3.6.1.4.1.99999.1', false, '00'.repeat(1 << 20))] }),
  },
  {
    id: 'XV-72',
    title: 'a URI of 5 MB',
    expected: 'REJECT',
    reason: 'malformed',
    make: withLeaf({ uris: [`spiffe://a.test/${'w'.repeat(5_000_000)}`] }),
  },
  {
    id: 'XV-73',
    title: 'an authority that is not self-signed (X509-SVID §6.1)',
    expected: 'ACCEPT',
    make: async (scene) => {
      const child = await scene.a.childCa();
      return { ...(await child.credential(leafId)), bundles: inBundle(child.certificate.raw, scene) };
    },
  },
  {
    id: 'XV-74',
    title: 'the very leaf in the bundle',
    expected: 'REJECT',
    reason: 'unknown-authority',
    make: async (scene) => {
      const trial = await scene.a.credential(leafId);
      return { ...trial, bundles: inBundle(trial.chain[0]!, scene) };
    },
  },
  {
    id: 'XV-74',
    title: 'the very leaf in the bundle, self-signed',
    expected: 'REJECT',
    reason: 'issuer-not-ca',
    make: async (scene) => {
      const trial = await selfSigned(scene);
      return { ...trial, bundles: inBundle(Buffer.from(trial.chain[0]!), scene) };
    },
  },
  { id: 'XV-75', title: 'a self-signed leaf', expected: 'REJECT', reason: 'unknown-authority', make: selfSigned },
  {
    id: 'XV-76',
    title: 'an empty bundle',
    expected: 'REJECT',
    reason: 'unknown-authority',
    make: async (scene) => ({
      ...(await plainLeaf(scene)),
      bundles: X509BundleSet.of(X509Bundle.fromCertificates(scene.a.trustDomain, [])),
    }),
  },
  {
    id: 'XV-76',
    title: 'an empty chain',
    expected: 'REJECT',
    reason: 'empty-chain',
    make: () => ({ chain: [] }),
  },
  {
    id: 'XV-77',
    title: 'trailing bytes (X.690 §10)',
    expected: 'REJECT',
    reason: 'malformed',
    make: withBytes((leaf) => Buffer.concat([leaf, Buffer.of(0)])),
  },
  {
    id: 'XV-77',
    title: 'a certificate that is cut off',
    expected: 'REJECT',
    reason: 'malformed',
    make: withBytes((leaf) => leaf.subarray(0, -1)),
  },
  {
    id: 'XV-77',
    title: 'an indefinite length (X.690 §10.1)',
    expected: 'REJECT',
    reason: 'malformed',
    make: withBytes((leaf) => Buffer.concat([Buffer.of(0x30, 0x80), contentOf(leaf), Buffer.alloc(2)])),
  },
  {
    id: 'XV-77',
    title: 'a length that is not minimal (X.690 §10.1)',
    expected: 'REJECT',
    reason: 'malformed',
    make: withBytes((leaf) => {
      const content = contentOf(leaf);
      return Buffer.concat([Buffer.of(0x30, 0x83, 0, content.length >> 8, content.length & 0xff), content]);
    }),
  },
  {
    id: 'XV-78',
    title: 'serial number 0: handled gracefully (RFC 5280 §4.1.2.2)',
    expected: 'ACCEPT',
    make: withSerial('00'),
  },
  {
    id: 'XV-78',
    title: 'a serial number of 20 bytes',
    expected: 'ACCEPT',
    make: withSerial(`00${'ff'.repeat(20)}`),
  },
  {
    id: 'XV-78',
    title: 'a negative serial number',
    expected: 'REJECT',
    reason: 'malformed',
    make: withSerial('ff01'),
    twin: withSerial('01'),
  },
  {
    id: 'XV-78',
    title: 'a serial number of 21 bytes',
    expected: 'REJECT',
    reason: 'malformed',
    make: withSerial(`01${'00'.repeat(20)}`),
    twin: withSerial('01'),
  },
  ...['2049-12-31T23:59:59Z', '2050-01-01T00:00:00Z', '9999-12-31T23:59:59Z'].map((notAfter): Vector => ({
    id: 'XV-78',
    title: `notAfter ${notAfter} (RFC 5280 §4.1.2.5)`,
    expected: 'ACCEPT',
    make: withLeaf({ notAfter: new Date(notAfter) }),
  })),
];
