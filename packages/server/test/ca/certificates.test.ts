import assert from 'node:assert/strict';
import { X509Certificate, createHash } from 'node:crypto';
import fc from 'fast-check';
import { SpiffeId } from '@credence/sdk';
import { generateKey, publicKeyInfoOf, type KeyType } from '@credence/sdk/keys';
import { encodeName, renderName } from '@credence/sdk/x509';
import { createSerialNumber, decimalSerialNumber } from '../../dist/ca/templates/serial-number.js';
import type { X509SvidRequest } from '../../dist/ca/ports.js';
import { extensionList, x509 } from './support/peculiar.js';
import { createIssuer, now, trustDomain } from './support/issuer.js';

const workloadId = SpiffeId.parse('spiffe://example.org/ns/orders/sa/orders-api');
const authorityTypes: readonly KeyType[] = ['ec-p256', 'ec-p384', 'rsa-2048'];
const algorithms = { 'ec-p256': 'SHA-256', 'ec-p384': 'SHA-384', 'rsa-2048': 'SHA-256', 'rsa-4096': 'SHA-256' };

const workloadKey = publicKeyInfoOf(await generateKey('ec-p256'));

describe('an X.509 authority', () => {
  for (const type of authorityTypes) {
    it(`of type ${type} contains exactly what the profile of a signing certificate asks for`, async () => {
      const { authority } = await createIssuer({ keyType: type });
      const certificate = new x509.X509Certificate(authority.published);
      assert.deepEqual(extensionList(certificate), [
        '2.5.29.15 critical', // keyUsage
        '2.5.29.19 critical', // basicConstraints
        '2.5.29.14', // subjectKeyIdentifier
        '2.5.29.17', // subjectAltName
      ]);
      const { keyCertSign, cRLSign } = x509.KeyUsageFlags;
      assert.equal(certificate.getExtension(x509.KeyUsagesExtension)?.usages, keyCertSign | cRLSign);
      const constraints = certificate.getExtension(x509.BasicConstraintsExtension);
      assert.deepEqual([constraints?.ca, constraints?.pathLength], [true, undefined]);
      const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON();
      assert.deepEqual(names, [{ type: 'url', value: 'spiffe://example.org' }]);
      assert.deepEqual(certificate.signatureAlgorithm, {
        ...certificate.signatureAlgorithm,
        hash: { name: algorithms[type] },
      });
    });

    it(`of type ${type} verifies by its own key`, async () => {
      const { authority } = await createIssuer({ keyType: type });
      assert.ok(await new x509.X509Certificate(authority.published).isSelfSigned());
      const certificate = new X509Certificate(authority.published);
      assert.ok(certificate.verify(certificate.publicKey) && certificate.ca);
    });
  }

  it('is named C=US, O=SPIFFE and its decimal serial number', async () => {
    const { authority } = await createIssuer();
    const { subject, issuer, serialNumber } = new X509Certificate(authority.published);
    assert.equal(subject, `C=US\nO=SPIFFE\nserialNumber=${BigInt(`0x${serialNumber}`).toString()}`);
    assert.equal(issuer, subject);
  });

  it('lives from 10 seconds before it was made for exactly its lifetime', async () => {
    const { authority } = await createIssuer({ caTtlMs: 3_600_000 });
    const { notBefore, notAfter } = new x509.X509Certificate(authority.published);
    assert.equal(notBefore.getTime(), now.getTime() - 10_000);
    assert.equal(notAfter.getTime(), now.getTime() + 3_600_000);
    assert.deepEqual([authority.issuedAt, authority.expiresAt], [now, notAfter]);
  });

  it('has the SHA-1 of its public key bits as its key ID (RFC 5280 §4.2.1.2)', async () => {
    const { authority } = await createIssuer();
    const point = authority.limits.authorityKey.subarray(-65);
    assert.equal(authority.id, createHash('sha1').update(point).digest('hex'));
  });
});

describe('an X.509-SVID', () => {
  for (const type of authorityTypes) {
    it(`by an authority of type ${type} contains exactly what the profile of a leaf asks for (X509-SVID §§2, 4)`, async () => {
      const { issuer, authority } = await createIssuer({ keyType: type });
      const { certificate } = issue(issuer, { spiffeId: workloadId });
      assert.deepEqual(extensionList(certificate), [
        '2.5.29.15 critical', // keyUsage
        '2.5.29.37', // extKeyUsage
        '2.5.29.19 critical', // basicConstraints
        '2.5.29.14', // subjectKeyIdentifier
        '2.5.29.35', // authorityKeyIdentifier
        '2.5.29.17', // subjectAltName
      ]);
      const { digitalSignature, keyEncipherment, keyAgreement } = x509.KeyUsageFlags;
      const usages = certificate.getExtension(x509.KeyUsagesExtension)?.usages;
      assert.equal(usages, digitalSignature | keyEncipherment | keyAgreement);
      const purposes = certificate.getExtension(x509.ExtendedKeyUsageExtension)?.usages ?? [];
      assert.deepEqual(Array.from(purposes), ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
      const constraints = certificate.getExtension(x509.BasicConstraintsExtension);
      assert.deepEqual([constraints?.ca, constraints?.pathLength], [false, undefined]);
      assert.equal(certificate.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId, authority.id);
      const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON();
      assert.deepEqual(names, [{ type: 'url', value: workloadId.toString() }]);
    });

    it(`by an authority of type ${type} is one that Node and @peculiar/x509 verify`, async () => {
      const { issuer, authority } = await createIssuer({ keyType: type });
      const { certificate, der } = issue(issuer, { spiffeId: workloadId });
      const root = new X509Certificate(authority.published);
      const leaf = new X509Certificate(der);
      assert.ok(leaf.checkIssued(root) && leaf.verify(root.publicKey) && !leaf.ca);
      const chain = await new x509.X509ChainBuilder({
        certificates: [new x509.X509Certificate(authority.published)],
      }).build(certificate);
      assert.equal(chain.length, 2);
      assert.ok(await certificate.verify({ publicKey: chain[1]!.publicKey, date: now }));
    });
  }

  for (const type of ['ec-p256', 'ec-p384', 'rsa-2048'] as const) {
    it(`carries the key of type ${type} that was asked for, and its key ID`, async () => {
      const { issuer } = await createIssuer();
      const publicKeyInfo = publicKeyInfoOf(await generateKey(type));
      const { certificate } = issue(issuer, { spiffeId: workloadId, publicKeyInfo });
      assert.ok(Buffer.from(certificate.publicKey.rawData).equals(publicKeyInfo));
      const expected = await certificate.publicKey.getKeyIdentifier();
      const actual = certificate.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
      assert.equal(actual, Buffer.from(expected).toString('hex'));
    });
  }

  it('says what the answer says: serial number and expiry', async () => {
    const { issuer } = await createIssuer();
    const { certificate, issued } = issue(issuer, { spiffeId: workloadId, ttlSeconds: 120 });
    assert.equal(BigInt(`0x${certificate.serialNumber}`).toString(), issued.serialNumber);
    assert.deepEqual(certificate.notAfter, issued.expiresAt);
    assert.equal(issued.chain.length, 1);
  });

  const lifetimes = [
    { name: 'the one asked for', ttlSeconds: 120, expected: 120 },
    { name: "the server's default for zero", ttlSeconds: 0, expected: 3600 },
    { name: "the server's default for a negative one", ttlSeconds: -1, expected: 3600 },
    { name: "the authority's at most", ttlSeconds: 2 ** 31 - 1, expected: 86_400 },
  ];
  for (const { name, ttlSeconds, expected } of lifetimes) {
    it(`lives as long as ${name}, from 10 seconds ago`, async () => {
      const { issuer } = await createIssuer();
      const { certificate } = issue(issuer, { spiffeId: workloadId, ttlSeconds });
      assert.equal(certificate.notBefore.getTime(), now.getTime() - 10_000);
      assert.equal(certificate.notAfter.getTime(), now.getTime() + expected * 1000);
    });
  }

  const ownSubject = encodeName({ country: ['DE'], organization: ['ACME'], commonName: 'old' });
  const subjects: { name: string; request: Partial<X509SvidRequest>; expected: string }[] = [
    { name: 'nothing', request: {}, expected: 'C=US, O=SPIRE' },
    { name: 'a DNS name', request: { dnsNames: ['a.example', 'b.example'] }, expected: 'C=US, O=SPIRE, CN=a.example' },
    { name: 'a wildcard', request: { dnsNames: ['*.example'] }, expected: 'C=US, O=SPIRE, CN=*.example' },
    { name: 'a subject', request: { subject: ownSubject }, expected: 'C=DE, O=ACME, CN=old' },
    {
      name: 'a subject and a DNS name',
      request: { subject: ownSubject, dnsNames: ['a.example'] },
      expected: 'C=DE, O=ACME, CN=a.example',
    },
    { name: 'the empty subject', request: { subject: encodeName({}) }, expected: '' },
  ];
  for (const { name, request, expected } of subjects) {
    it(`asked for with ${name} has the subject ${JSON.stringify(expected)}`, async () => {
      const { issuer } = await createIssuer();
      const { certificate } = issue(issuer, { spiffeId: workloadId, ...request });
      assert.equal(renderName(Buffer.from(certificate.subjectName.toArrayBuffer())), expected);
    });
  }

  it('has a critical SAN when, and only when, its subject is empty (X509-SVID §3.1, X509-3.1-b)', async () => {
    const { issuer } = await createIssuer();
    const { certificate } = issue(issuer, { spiffeId: workloadId, subject: encodeName({}) });
    assert.equal(certificate.getExtension('2.5.29.17')?.critical, true);
  });

  it('has the DNS names before the SPIFFE ID', async () => {
    const { issuer } = await createIssuer();
    const { der } = issue(issuer, { spiffeId: workloadId, dnsNames: ['a.example', '*.b.example'] });
    const names = new X509Certificate(der).subjectAltName;
    assert.equal(names, `DNS:a.example, DNS:*.b.example, URI:${workloadId.toString()}`);
  });

  it('is well formed for any ID, any DNS names and any time', async () => {
    const { issuer, clock } = await createIssuer({ caTtlMs: 40 * 365 * 86_400_000 });
    const segment = fc.stringMatching(/^[A-Za-z0-9_-]{1,60}$/);
    const label = fc.stringMatching(/^[a-z0-9]{1,30}$/);
    const content = fc.record({
      path: fc.array(segment, { minLength: 1, maxLength: 20 }),
      dnsNames: fc.array(
        fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.')),
        { maxLength: 20 },
      ),
      ttlSeconds: fc.integer({ min: 1, max: 30 * 365 * 86_400 }),
    });
    fc.assert(
      fc.property(content, ({ path, dnsNames, ttlSeconds }) => {
        fc.pre(path[0] !== 'spire');
        const spiffeId = SpiffeId.fromSegments(trustDomain, ...path);
        const { certificate } = issue(issuer, { spiffeId, dnsNames, ttlSeconds });
        assert.equal(certificate.notAfter.getTime(), clock.now().getTime() + ttlSeconds * 1000);
        const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.toJSON() ?? [];
        assert.deepEqual(
          names.map(({ value }) => value),
          [...dnsNames, spiffeId.toString()],
        );
      }),
      { numRuns: 100 },
    );
  });
});

describe('a serial number', () => {
  it('is never zero', () => {
    const draws = [Buffer.alloc(16), Buffer.alloc(16, 1)];
    const random = { bytes: () => draws.shift()!, uniform: () => 0 };
    assert.deepEqual(createSerialNumber(random), Buffer.alloc(16, 1));
  });

  it('is shown in decimal, whatever its first bits', () => {
    assert.equal(decimalSerialNumber(Buffer.alloc(16, 0xff)), (2n ** 128n - 1n).toString());
    assert.equal(decimalSerialNumber(Buffer.from(`${'00'.repeat(15)}07`, 'hex')), '7');
  });
});

function issue(
  issuer: Awaited<ReturnType<typeof createIssuer>>['issuer'],
  request: Partial<X509SvidRequest> & Pick<X509SvidRequest, 'spiffeId'>,
): { certificate: x509.X509Certificate; der: Buffer; issued: ReturnType<typeof issuer.issueX509Svid> } {
  const issued = issuer.issueX509Svid({ publicKeyInfo: workloadKey, ttlSeconds: 0, ...request });
  const der = issued.chain[0]!;
  return { certificate: new x509.X509Certificate(der), der, issued };
}
