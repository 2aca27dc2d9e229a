// XV-53 … XV-70: the certificates between the leaf and the authority.
import { X509Bundle, X509BundleSet, TrustDomain } from '@credence/sdk';
import { TestCa, type TestCertificateOptions } from '@credence/sdk/testing';
import { generateKey } from '@credence/sdk/keys';
import {
  basicConstraintsExtension,
  keyUsageExtension,
  nameConstraintsExtension,
  Oid,
  signCertificate,
  Tag,
  type Extension,
  type UriNameConstraints,
} from '@credence/sdk/x509';
import { der, oddCertificate, rawExtension } from './odd-certificate.js';
import { leafId, leafOf, type Scene, type Trial, type Vector } from './vector.js';

const below =
  (options: TestCertificateOptions) =>
  async ({ a }: Scene): Promise<Trial> =>
    (await a.childCa(options)).credential(leafId);

/** A leaf of the ID's own trust domain, whose bundle holds a root with these constraints. */
const constrained =
  (constraints: UriNameConstraints | Extension, id = leafId) =>
  async (): Promise<Trial> => {
    const extension = 'oid' in constraints ? constraints : nameConstraintsExtension(constraints);
    return underSharedRoot(await TestCa.create('a.test', { extraExtensions: [extension] }), id);
  };

async function underSharedRoot(ca: TestCa, id: string): Promise<Trial> {
  const bundle = X509Bundle.fromCertificates(TrustDomain.parse(id), [ca.certificate]);
  return { ...(await ca.credential(id)), bundles: X509BundleSet.of(bundle) };
}

const unconstrained = (id: string) => async (): Promise<Trial> => underSharedRoot(await TestCa.create('a.test'), id);

const pathLength = (length: number): Promise<TestCa> =>
  TestCa.create('a.test', { subject: { commonName: 'root' }, basicConstraints: { ca: true, pathLength: length } });

const unknown = (critical: boolean): TestCertificateOptions => ({
  extraExtensions: [rawExtension('1.3.6.1.4.1.99999.1', critical, '0500')],
});

const repeated =
  (extension: Extension) =>
  async ({ a }: Scene): Promise<Trial> => {
    const privateKey = await generateKey('ec-p256');
    const template = a.leafTemplate(leafId, privateKey);
    const extensions = [...template.extensions, extension];
    return { chain: [signCertificate({ ...template, extensions }, a.key)], privateKey };
  };

const dnsConstraint = der(Tag.sequence, der(Tag.context(2), Buffer.from('x.test')));

export const pathVectors: readonly Vector[] = [
  {
    id: 'XV-53',
    title: 'an intermediate whose URI has a path; the peer is who the leaf says (X509-SVID §3.2)',
    expected: 'ACCEPT',
    make: below({ uris: ['spiffe://a.test/ca'] }),
  },
  { id: 'XV-54', title: 'an intermediate without a URI', expected: 'ACCEPT', make: below({ uris: [] }) },
  {
    id: 'XV-55',
    title: 'an intermediate with two URIs: the rule is about X.509-SVIDs (X509-SVID §2)',
    expected: 'ACCEPT',
    make: below({ uris: ['spiffe://a.test', 'spiffe://b.test'] }),
  },
  {
    id: 'XV-55',
    title: 'an intermediate with the URI of another trust domain (X509-SVID §3.2)',
    expected: 'ACCEPT',
    make: below({ uris: ['spiffe://b.test'] }),
  },
  {
    id: 'XV-56',
    title: 'an intermediate with cA false (RFC 5280 §6.1.4 (k))',
    expected: 'REJECT',
    reason: 'issuer-not-ca',
    make: below({ basicConstraints: { ca: false } }),
    twin: below({}),
  },
  {
    id: 'XV-56',
    title: 'an intermediate without basic constraints (RFC 5280 §6.1.4 (k))',
    expected: 'REJECT',
    reason: 'issuer-not-ca',
    make: below({ basicConstraints: null }),
    twin: below({}),
  },
  {
    id: 'XV-57',
    title: 'an intermediate without keyCertSign (RFC 5280 §6.1.4 (n))',
    expected: 'REJECT',
    reason: 'issuer-not-ca',
    make: below({ keyUsage: ['cRLSign', 'digitalSignature'] }),
    twin: below({}),
  },
  {
    id: 'XV-57',
    title: 'an intermediate without key usage (X509-SVID §4.3)',
    expected: 'REJECT',
    reason: 'issuer-not-ca',
    make: below({ keyUsage: null }),
    twin: below({}),
  },
  {
    id: 'XV-58',
    title: 'a valid X.509-SVID as issuer of another',
    expected: 'REJECT',
    reason: 'issuer-not-ca',
    make: below({
      uris: ['spiffe://a.test/v'],
      basicConstraints: { ca: false },
      keyUsage: ['digitalSignature', 'keyEncipherment', 'keyAgreement'],
      extendedKeyUsage: [Oid.serverAuth, Oid.clientAuth],
    }),
    twin: below({}),
  },
  {
    id: 'XV-59',
    title: 'an intermediate below a root of path length 0 (RFC 5280 §4.2.1.9)',
    expected: 'REJECT',
    reason: 'path-length',
    make: async () => leafOf(await (await pathLength(0)).childCa()),
    twin: async () => leafOf(await pathLength(0)),
  },
  {
    id: 'XV-60',
    title: 'an intermediate below a root of path length 1 (RFC 5280 §6.1.4)',
    expected: 'ACCEPT',
    make: async () => leafOf(await (await pathLength(1)).childCa()),
  },
  {
    id: 'XV-60',
    title: 'a self-issued intermediate besides, which does not count (RFC 5280 §6.1.4 (l))',
    expected: 'ACCEPT',
    make: async () => {
      const selfIssued = await (await pathLength(1)).childCa({ subject: { commonName: 'root' } });
      return leafOf(await selfIssued.childCa());
    },
  },
  {
    id: 'XV-60',
    title: 'two intermediates below a root of path length 1 (RFC 5280 §6.1.4)',
    expected: 'REJECT',
    reason: 'path-length',
    make: async () => leafOf(await (await (await pathLength(1)).childCa()).childCa()),
    twin: async () => leafOf(await (await pathLength(1)).childCa()),
  },
  {
    id: 'XV-61',
    title: 'a leaf within the permitted host (X509-SVID §4.2)',
    expected: 'ACCEPT',
    make: constrained({ permittedUris: ['a.test'] }),
  },
  {
    id: 'XV-62',
    title: 'a leaf outside of the permitted host, whose bundle holds the CA (X509-SVID §4.2)',
    expected: 'REJECT',
    reason: 'name-constraints',
    make: constrained({ permittedUris: ['a.test'] }, 'spiffe://b.test/w'),
    twin: unconstrained('spiffe://b.test/w'),
  },
  {
    id: 'XV-63',
    title: 'a leaf of an excluded subdomain (RFC 5280 §4.2.1.10)',
    expected: 'REJECT',
    reason: 'name-constraints',
    make: constrained({ excludedUris: ['.a.test'] }, 'spiffe://x.a.test/w'),
    twin: constrained({ excludedUris: ['.a.test'] }, leafId),
  },
  {
    id: 'XV-64',
    title: 'an IPv4 host below any URI constraint (RFC 5280 §4.2.1.10)',
    expected: 'REJECT',
    reason: 'name-constraints',
    make: constrained({ excludedUris: ['b.test'] }, 'spiffe://192.168.1.1/w'),
    twin: unconstrained('spiffe://192.168.1.1/w'),
  },
  {
    id: 'XV-65',
    title: 'a URI below a constraint on DNS names only (RFC 5280 §4.2.1.10)',
    expected: 'ACCEPT',
    make: constrained({
      oid: Oid.nameConstraints,
      critical: true,
      value: der(Tag.sequence, der(Tag.contextConstructed(0), dnsConstraint)),
    }),
  },
  {
    id: 'XV-66',
    title: 'an unknown critical extension on the leaf (RFC 5280 §4.2)',
    expected: 'REJECT',
    reason: 'critical-extension',
    make: ({ a }) => a.credential(leafId, unknown(true)),
    twin: ({ a }) => a.credential(leafId, unknown(false)),
  },
  {
    id: 'XV-66',
    title: 'an unknown critical extension on an intermediate (RFC 5280 §4.2)',
    expected: 'REJECT',
    reason: 'critical-extension',
    make: below(unknown(true)),
    twin: below(unknown(false)),
  },
  {
    id: 'XV-67',
    title: 'two basic constraints (RFC 5280 §4.2)',
    expected: 'REJECT',
    reason: 'malformed',
    make: repeated(basicConstraintsExtension({ ca: false })),
    twin: repeated(rawExtension('1.3.6.1.4.1.99999.1', false, '0500')),
  },
  {
    id: 'XV-67',
    title: 'two key usages (RFC 5280 §4.2)',
    expected: 'REJECT',
    reason: 'malformed',
    make: repeated(keyUsageExtension(['digitalSignature'])),
    twin: repeated(rawExtension('1.3.6.1.4.1.99999.1', false, '0500')),
  },
  {
    id: 'XV-68',
    title: 'a leaf of X.509 version 1',
    expected: 'REJECT',
    reason: 'malformed',
    make: async ({ a }) => {
      const privateKey = await generateKey('ec-p256');
      const odd = { version: Buffer.alloc(0), extensions: Buffer.alloc(0) };
      return { chain: [oddCertificate(a.leafTemplate(leafId, privateKey), a.key, odd)], privateKey };
    },
  },
  {
    id: 'XV-68',
    title: 'an intermediate of X.509 version 1',
    expected: 'REJECT',
    reason: 'malformed',
    make: async ({ a }) => {
      const child = await a.childCa();
      const { chain, privateKey } = await child.credential(leafId);
      const intermediate = oddCertificate(a.leafTemplate(leafId, child.key), a.key, {
        version: Buffer.alloc(0),
        subject: child.certificate.subject,
        extensions: Buffer.alloc(0),
      });
      return { chain: [chain[0]!, intermediate], privateKey };
    },
    twin: below({}),
  },
  ...['spiffe://a.test', leafId].map((uri): Vector => ({
    id: 'XV-69',
    title: `the intermediate (${uri}) sent before the leaf`,
    expected: 'REJECT',
    reason: uri === leafId ? 'leaf-is-ca' : 'spiffe-id',
    make: async ({ a }) => {
      const { chain, privateKey } = await (await a.childCa({ uris: [uri] })).credential(leafId);
      return { chain: chain.toReversed(), privateKey };
    },
    twin: below({ uris: [uri] }),
  })),
  {
    id: 'XV-70',
    title: 'the root appended to the chain',
    expected: 'ACCEPT',
    make: async ({ a }) => {
      const { chain, privateKey } = await (await a.childCa()).credential(leafId);
      return { chain: [...chain, a.certificate.raw], privateKey };
    },
  },
  {
    id: 'XV-70',
    title: 'an unrelated certificate in between',
    expected: 'ACCEPT',
    make: async ({ a, b }) => {
      const { chain, privateKey } = await (await a.childCa()).credential(leafId);
      return { chain: [chain[0]!, b.certificate.raw, ...chain.slice(1)], privateKey };
    },
  },
];
