// XV-01 … XV-20: which names identify a peer.
import { Oid, signCertificate, subjectAltNameExtension, type Extension } from '@credence/sdk/x509';
import { rawSan } from './odd-certificate.js';
import { leafId, plainLeaf, type Scene, type Trial, type Vector } from './vector.js';
import { badIds } from '../bad-ids.js';

// RFC 5280 §4.2.1.6: a URI is an IA5String, so that a certificate cannot hold the others.
const idsInAscii = badIds.filter((id) => /^\p{ASCII}*$/u.test(id));

const withSan =
  (extension: Extension) =>
  ({ a }: Scene): Promise<Trial> =>
    a.credential(leafId, { extraExtensions: [extension] });

const withUris =
  (...uris: string[]) =>
  ({ a }: Scene): Promise<Trial> =>
    a.credential(leafId, { uris });

export const identityVectors: readonly Vector[] = [
  { id: 'XV-01', title: 'a leaf of the root', expected: 'ACCEPT', make: plainLeaf },
  {
    id: 'XV-02',
    title: 'a leaf below one intermediate',
    expected: 'ACCEPT',
    make: async ({ a }) => (await a.childCa()).credential(leafId),
  },
  {
    id: 'XV-02',
    title: 'a leaf below three intermediates',
    expected: 'ACCEPT',
    make: async ({ a }) => (await (await (await a.childCa()).childCa()).childCa()).credential(leafId),
  },
  {
    id: 'XV-03',
    title: 'DNS, IP and email SANs besides the URI (X509-SVID §2)',
    expected: 'ACCEPT',
    make: withSan(rawSan([2, 'w.test'], [7, Buffer.of(127, 0, 0, 1)], [6, leafId], [1, 'w@a.test'])),
  },
  {
    id: 'XV-04',
    title: 'an empty subject with a critical SAN (X509-SVID §3.1)',
    expected: 'ACCEPT',
    make: ({ a }) =>
      a.credential(leafId, {
        subject: {},
        extraExtensions: [subjectAltNameExtension({ uris: [leafId], critical: true })],
      }),
  },
  {
    id: 'XV-05',
    title: 'an empty subject with a SAN that is not critical: the rule binds issuers (X509-SVID §3.1)',
    expected: 'ACCEPT',
    make: ({ a }) => a.credential(leafId, { subject: {} }),
  },
  {
    id: 'XV-06',
    title: 'no extended key usage (X509-SVID §4.4)',
    expected: 'ACCEPT',
    make: ({ a }) => a.credential(leafId, { extendedKeyUsage: null }),
  },
  {
    id: 'XV-06',
    title: 'a critical extended key usage (X509-SVID §4.4)',
    expected: 'ACCEPT',
    make: async ({ a }) => {
      const { chain, privateKey } = await a.credential(leafId);
      const template = a.leafTemplate(leafId, privateKey);
      const extensions = template.extensions.map((e) => ({
        ...e,
        critical: e.critical || e.oid === Oid.extendedKeyUsage,
      }));
      return { chain: [signCertificate({ ...template, extensions }, a.key), ...chain.slice(1)], privateKey };
    },
  },
  {
    id: 'XV-06',
    title: 'keyEncipherment and keyAgreement besides digitalSignature (X509-SVID §4.3)',
    expected: 'ACCEPT',
    make: ({ a }) => a.credential(leafId, { keyUsage: ['digitalSignature', 'keyEncipherment', 'keyAgreement'] }),
  },
  {
    id: 'XV-07',
    title: 'no SAN, the ID as common name',
    expected: 'REJECT',
    reason: 'uri-san',
    make: ({ a }) => a.credential(leafId, { uris: [], subject: { commonName: leafId } }),
  },
  {
    id: 'XV-08',
    title: 'a SAN without a URI (X509-SVID §2)',
    expected: 'REJECT',
    reason: 'uri-san',
    make: ({ a }) => a.credential(leafId, { uris: [], dnsNames: ['a.test'] }),
  },
  {
    id: 'XV-09',
    title: 'two SPIFFE IDs (X509-SVID §5.2)',
    expected: 'REJECT',
    reason: 'uri-san',
    make: withUris(leafId, 'spiffe://a.test/v'),
  },
  {
    id: 'XV-10',
    title: 'a SPIFFE ID, then an https URI (X509-SVID §2)',
    expected: 'REJECT',
    reason: 'uri-san',
    make: withUris(leafId, 'https://a.test/w'),
  },
  {
    id: 'XV-10',
    title: 'an https URI, then a SPIFFE ID (X509-SVID §2)',
    expected: 'REJECT',
    reason: 'uri-san',
    make: withUris('https://a.test/w', leafId),
  },
  {
    id: 'XV-11',
    title: 'the same URI twice (X509-SVID §2)',
    expected: 'REJECT',
    reason: 'uri-san',
    make: withUris(leafId, leafId),
  },
  {
    id: 'XV-12',
    title: 'two SAN extensions with one URI each (RFC 5280 §4.2)',
    expected: 'REJECT',
    reason: 'malformed',
    make: async ({ a }) => {
      const { privateKey } = await a.credential(leafId);
      const template = a.leafTemplate(leafId, privateKey);
      const extensions = [...template.extensions, subjectAltNameExtension({ uris: ['spiffe://a.test/admin'] })];
      return { chain: [signCertificate({ ...template, extensions }, a.key)], privateKey };
    },
  },
  {
    id: 'XV-13',
    title: 'an https URI alone (X509-SVID §5.2)',
    expected: 'REJECT',
    reason: 'spiffe-id',
    make: withUris('https://a.test/w'),
  },
  {
    id: 'XV-14',
    title: 'the ID of the trust domain (X509-SVID §5.2)',
    expected: 'REJECT',
    reason: 'spiffe-id',
    make: withUris('spiffe://a.test'),
  },
  {
    id: 'XV-15',
    title: 'a root path (SPIFFE-ID §2.2)',
    expected: 'REJECT',
    reason: 'spiffe-id',
    make: withUris('spiffe://a.test/'),
  },
  ...idsInAscii.map((uri): Vector => {
    const shown = JSON.stringify(uri.length > 60 ? `${uri.slice(0, 60)}…` : uri);
    return { id: 'XV-16', title: `the ID ${shown}`, expected: 'REJECT', reason: 'spiffe-id', make: withUris(uri) };
  }),
  {
    id: 'XV-17',
    title: 'the ID as a DNS name',
    expected: 'REJECT',
    reason: 'uri-san',
    make: ({ a }) => a.credential(leafId, { uris: [], dnsNames: [leafId] }),
  },
  ...[0, 1, 8].map((tag): Vector => ({
    id: 'XV-18',
    title: `the ID as a general name of tag ${tag} (0 otherName, 1 email, 8 registeredID)`,
    expected: 'REJECT',
    reason: 'uri-san',
    make: withSan(rawSan([tag, leafId])),
  })),
  {
    id: 'XV-19',
    title: 'one URI with a second one written into it',
    expected: 'REJECT',
    reason: 'spiffe-id',
    make: withUris('spiffe://a.test/w, URI:spiffe://a.test/admin'),
  },
  {
    id: 'XV-20',
    title: 'a URI with a NUL',
    expected: 'REJECT',
    reason: 'spiffe-id',
    make: withUris('spiffe://a.test/w\0admin'),
  },
  ...['spiffe://a.test/w\u00f6rk', 'spiffe://\u0430.test/w', 'spiffe://a.test/w\uff0fx'].map((uri): Vector => ({
    id: 'XV-20',
    title: `the bytes of ${JSON.stringify(uri)}, not an IA5String`,
    expected: 'REJECT',
    reason: 'malformed',
    make: withSan(rawSan([6, uri])),
  })),
];
