// XV-21 … XV-36: what a leaf may be and when.
import { keyUsageExtension, Oid, type Extension } from '@credence/sdk/x509';
import type { TestCertificateOptions } from '@credence/sdk/testing';
import { rawExtension } from './odd-certificate.js';
import { leafId, type Scene, type Trial, type Vector } from './vector.js';

const withLeaf =
  (options: TestCertificateOptions) =>
  ({ a }: Scene): Promise<Trial> =>
    a.credential(leafId, options);

const withExtension = (extension: Extension): ReturnType<typeof withLeaf> => withLeaf({ extraExtensions: [extension] });

const hourMs = 3_600_000;

const validFrom =
  (notBeforeOffsetMs: number, notAfterOffsetMs: number, nowOffsetMs: number) =>
  async ({ a }: Scene): Promise<Trial> => {
    const start = Math.floor(a.certificate.notBefore.getTime() / 1000) * 1000 + hourMs;
    const at = (offsetMs: number): Date => new Date(start + offsetMs);
    const options = { notBefore: at(notBeforeOffsetMs), notAfter: at(notAfterOffsetMs) };
    return { ...(await a.credential(leafId, options)), now: at(nowOffsetMs) };
  };

export const profileVectors: readonly Vector[] = [
  {
    id: 'XV-21',
    title: 'a leaf that is a CA (X509-SVID §5.2)',
    expected: 'REJECT',
    reason: 'leaf-is-ca',
    make: withLeaf({ basicConstraints: { ca: true } }),
  },
  {
    id: 'XV-22',
    title: 'a leaf with keyCertSign (X509-SVID §5.2)',
    expected: 'REJECT',
    reason: 'key-usage',
    make: withLeaf({ keyUsage: ['digitalSignature', 'keyCertSign'] }),
  },
  {
    id: 'XV-23',
    title: 'a leaf with cRLSign (X509-SVID §5.2)',
    expected: 'REJECT',
    reason: 'key-usage',
    make: withLeaf({ keyUsage: ['digitalSignature', 'cRLSign'] }),
  },
  {
    id: 'XV-24',
    title: 'a leaf that is no CA but has keyCertSign (X509-SVID §5.2)',
    expected: 'REJECT',
    reason: 'key-usage',
    make: withLeaf({ basicConstraints: { ca: false }, keyUsage: ['digitalSignature', 'keyCertSign'] }),
  },
  {
    id: 'XV-24',
    title: 'a leaf that is a CA but lacks keyCertSign (X509-SVID §5.2)',
    expected: 'REJECT',
    reason: 'leaf-is-ca',
    make: withLeaf({ basicConstraints: { ca: true }, keyUsage: ['digitalSignature'] }),
  },
  {
    id: 'XV-25',
    title: 'cA as BOOLEAN 0x01, which BER reads as true (X.690 §11.1)',
    expected: 'REJECT',
    reason: 'malformed',
    make: withExtension(rawExtension(Oid.basicConstraints, true, '3003010101')),
  },
  {
    id: 'XV-26',
    title: 'a leaf without basic constraints: absent means no CA (RFC 5280 §4.2.1.9)',
    expected: 'ACCEPT',
    make: withLeaf({ basicConstraints: null }),
  },
  ...['', '30', '3003020105', '0500', '30060101ff020100ff'].map((hex): Vector => ({
    id: 'XV-27',
    title: `basic constraints of the bytes "${hex}"`,
    expected: 'REJECT',
    reason: 'malformed',
    make: withExtension(rawExtension(Oid.basicConstraints, true, hex)),
  })),
  ...['', '0300', '03020880', '04020780', '030207800000'].map((hex): Vector => ({
    id: 'XV-27',
    title: `key usage of the bytes "${hex}"`,
    expected: 'REJECT',
    reason: 'malformed',
    make: withExtension(rawExtension(Oid.keyUsage, true, hex)),
  })),
  {
    id: 'XV-28',
    title: 'a leaf without key usage (X509-SVID §4.3)',
    expected: 'REJECT',
    reason: 'key-usage',
    make: withLeaf({ keyUsage: null }),
  },
  {
    id: 'XV-29',
    title: 'a leaf without digitalSignature (X509-SVID §4.3)',
    expected: 'REJECT',
    reason: 'key-usage',
    make: withLeaf({ keyUsage: ['keyEncipherment', 'keyAgreement'] }),
  },
  {
    id: 'XV-30',
    title: 'a key usage that is not critical: the rule binds issuers (X509-SVID §4.3)',
    expected: 'ACCEPT',
    make: withExtension({ ...keyUsageExtension(['digitalSignature']), critical: false }),
  },
  {
    id: 'XV-31',
    title: 'a key usage of nine bits',
    expected: 'ACCEPT',
    make: withLeaf({ keyUsage: ['digitalSignature', 'keyAgreement', 'decipherOnly'] }),
  },
  {
    id: 'XV-31',
    title: 'a key usage with trailing zero bits',
    expected: 'ACCEPT',
    make: withExtension(rawExtension(Oid.keyUsage, true, '03020080')),
  },
  {
    id: 'XV-31',
    title: 'a keyCertSign among nine bits',
    expected: 'REJECT',
    reason: 'key-usage',
    make: withExtension(rawExtension(Oid.keyUsage, true, '0303078480')),
  },
  {
    id: 'XV-31',
    title: 'a keyCertSign among the unused bits (X.690 §11.2.1)',
    expected: 'REJECT',
    reason: 'malformed',
    make: withExtension(rawExtension(Oid.keyUsage, true, '03020784')),
  },
  ...[Oid.serverAuth, Oid.clientAuth, Oid.anyExtendedKeyUsage].map((purpose): Vector => ({
    id: 'XV-32',
    title: `only the purpose ${purpose}: enough for both roles here, TLS libraries may ask for more`,
    expected: 'ACCEPT',
    make: withLeaf({ extendedKeyUsage: [purpose] }),
  })),
  {
    id: 'XV-33',
    title: 'only the purpose emailProtection (X509-SVID §4.4)',
    expected: 'REJECT',
    reason: 'extended-key-usage',
    make: withLeaf({ extendedKeyUsage: ['1.3.6.1.5.5.7.3.4'] }),
  },
  {
    id: 'XV-34',
    title: 'a leaf that expired an hour ago (RFC 5280 §6.1.3)',
    expected: 'REJECT',
    reason: 'expired',
    make: validFrom(-2 * hourMs, -hourMs, 0),
    twin: validFrom(-2 * hourMs, hourMs, 0),
  },
  {
    id: 'XV-34',
    title: 'a leaf that expired a second ago (RFC 5280 §4.1.2.5)',
    expected: 'REJECT',
    reason: 'expired',
    make: validFrom(-hourMs, -1000, 0),
    twin: validFrom(-hourMs, 0, 0),
  },
  {
    id: 'XV-35',
    title: 'a leaf that becomes valid in an hour (RFC 5280 §6.1.3)',
    expected: 'REJECT',
    reason: 'not-yet-valid',
    make: validFrom(hourMs, 2 * hourMs, 0),
    twin: validFrom(-hourMs, 2 * hourMs, 0),
  },
  {
    id: 'XV-36',
    title: 'the very second of notBefore (RFC 5280 §4.1.2.5)',
    expected: 'ACCEPT',
    make: validFrom(0, hourMs, 0),
  },
  {
    id: 'XV-36',
    title: 'the very second of notAfter (RFC 5280 §4.1.2.5)',
    expected: 'ACCEPT',
    make: validFrom(-hourMs, 0, 0),
  },
];
