// What a real server issues, read by others' parsers: authorities and X.509-SVIDs by @peculiar/x509 and Node, and what it
// refuses to issue.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { generateKey, type KeyType } from '@credence/sdk/keys';
import { createCertificateRequest, type CertificateRequestNames } from '@credence/sdk/x509';
import { Admin } from '../support/admin.js';
import { Deployment } from '../support/deployment.js';
import { call } from '../support/grpc.js';

const { KeyUsageFlags: flags } = x509;
const oids = { basicConstraints: '2.5.29.19', keyUsage: '2.5.29.15' };

for (const keyType of ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-4096'] as const) {
  describe(`X.509 by an authority of type ${keyType}`, () => {
    let deployment: Deployment;
    let admin: Admin;
    let authorities: readonly Buffer[];
    let ca: x509.X509Certificate;
    let leaf: x509.X509Certificate;
    let leafDer: Buffer;

    before(async () => {
      deployment = await Deployment.create();
      await deployment.startServer({ config: { ca_key_type: keyType } });
      admin = new Admin(deployment.adminSocket);
      authorities = await admin.authorities();
      ca = new x509.X509Certificate(authorities[0]!);
      const chain = await mint({ uris: ['spiffe://example.org/web'], dnsNames: ['web.example.org'] });
      assert.equal(chain.length, 1);
      leafDer = chain[0]!;
      leaf = new x509.X509Certificate(leafDer);
    });
    after(async () => {
      admin[Symbol.dispose]();
      await deployment[Symbol.asyncDispose]();
    });

    async function mint(names: CertificateRequestNames, type: KeyType = 'ec-p256'): Promise<readonly Buffer[]> {
      const csr = createCertificateRequest(names, await generateKey(type));
      return (await call(admin.svids, 'MintX509SVID', { csr })).svid!.cert_chain;
    }

    const urisOf = (certificate: x509.X509Certificate): readonly string[] =>
      certificate
        .getExtension(x509.SubjectAlternativeNameExtension)!
        .names.items.filter(({ type }) => type === 'url')
        .map(({ value }) => value);
    const usageOf = (certificate: x509.X509Certificate): number =>
      certificate.getExtension(x509.KeyUsagesExtension)!.usages;
    const isCa = (certificate: x509.X509Certificate): boolean =>
      certificate.getExtension(x509.BasicConstraintsExtension)!.ca;

    it('ID-3.1-a has one before the first SVID', () => {
      assert.equal(authorities.length, 1);
    });

    it('ID-3.1-b, ID-3.1-c, ID-3.1-d, X509-3.2-b, X509-3.2-c, X509-3.2-d names the trust domain in it, without a path', () => {
      assert.deepEqual(urisOf(ca), ['spiffe://example.org']);
    });

    it('ID-3.1-e signs it by itself when there is no upstream authority', async () => {
      assert.ok(await ca.isSelfSigned());
      const root = new X509Certificate(authorities[0]!);
      assert.ok(root.checkIssued(root) && root.verify(root.publicKey));
    });

    it('X509-3.2-a, X509-4.1-b, X509-4.3-c, X509-4.3-d, X509-A-e makes it a CA that signs certificates and CRLs', () => {
      assert.equal(isCa(ca), true);
      assert.equal(usageOf(ca), flags.keyCertSign | flags.cRLSign);
    });

    it('X509-A-a, X509-A-b, X509-A-c lets it do nothing else', () => {
      assert.equal(usageOf(ca) & (flags.digitalSignature | flags.keyAgreement | flags.keyEncipherment), 0);
    });

    it('X509-4.3-a, X509-4.3-b has a critical key usage in the authority and in the leaf', () => {
      for (const certificate of [ca, leaf]) assert.equal(certificate.getExtension(oids.keyUsage)?.critical, true);
    });

    it('X509-2-a, ID-3.2-a has exactly one URI in a leaf, and it is the SPIFFE ID', () => {
      assert.deepEqual(urisOf(leaf), ['spiffe://example.org/web']);
    });

    it('X509-2-c has the DNS names beside it', () => {
      assert.equal(new X509Certificate(leafDer).subjectAltName, 'DNS:web.example.org, URI:spiffe://example.org/web');
    });

    it('X509-4.1-c, X509-A-e makes no leaf a CA', () => {
      assert.equal(isCa(leaf), false);
      assert.equal(leaf.getExtension(oids.basicConstraints)?.critical, true);
      assert.equal(new X509Certificate(leafDer).ca, false);
    });

    it('X509-4.3-e, X509-4.3-f, X509-4.3-g, X509-A-d lets a leaf sign, encipher and agree on keys, and nothing else', () => {
      assert.equal(usageOf(leaf), flags.digitalSignature | flags.keyEncipherment | flags.keyAgreement);
    });

    it('X509-4.4-a, X509-4.4-c names serverAuth and clientAuth as the purposes of a leaf', () => {
      const purposes = leaf.getExtension(x509.ExtendedKeyUsageExtension)?.usages ?? [];
      assert.deepEqual(Array.from(purposes), ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    });

    it('ID-3.2-b signs what it says by the authority of the bundle', () => {
      const root = new X509Certificate(authorities[0]!);
      const certificate = new X509Certificate(leafDer);
      assert.ok(certificate.checkIssued(root) && certificate.verify(root.publicKey));
    });

    const refused: [rows: string, title: string, names: CertificateRequestNames, says: RegExp][] = [
      ['X509-2-a', 'two URIs', { uris: ['spiffe://example.org/a', 'spiffe://example.org/b'] }, /only one URI SAN/],
      ['X509-2-a', 'no URI', { dnsNames: ['a.example.org'] }, /URI SAN is required/],
      ['X509-3.1-a', 'an ID without a path', { uris: ['spiffe://example.org'] }, /path is empty/],
      ['X509-3.2-d', 'the ID of another trust domain', { uris: ['spiffe://example.com/a'] }, /not a member of trust/],
      ['ID-2.1-d', 'an ID in capitals', { uris: ['spiffe://EXAMPLE.org/a'] }, /URI SAN is invalid/],
      ['ID-2.3-b', 'an ID of 2049 bytes', { uris: [`spiffe://example.org/${'a'.repeat(2029)}`] }, /URI SAN is invalid/],
    ];
    for (const [rows, title, names, says] of refused) {
      it(`${rows} refuses ${title}`, async () => {
        await mint({ uris: ['spiffe://example.org/web'] });
        await assert.rejects(mint(names), says);
      });
    }

    it('ID-2.2-f, ID-2.3-a takes an ID of 2048 bytes in many segments', async () => {
      const longest = `spiffe://example.org${'/abc'.repeat(507)}`;
      assert.equal(longest.length, 2048);
      const [certificate] = await mint({ uris: [longest] });
      assert.deepEqual(urisOf(new x509.X509Certificate(certificate!)), [longest]);
    });
  });
}

describe('two trust domains', () => {
  it('TDB-2-a share no authority', async () => {
    const keys = await Promise.all(
      ['a', 'b'].map(async () => {
        await using deployment = await Deployment.create();
        await deployment.startServer();
        using admin = new Admin(deployment.adminSocket);
        const { jwt_authorities: jwt, x509_authorities: roots } = await call(admin.bundles, 'GetBundle', {});
        return [
          ...jwt.map(({ public_key: key }) => key.toString('base64')),
          ...roots.map(({ asn1 }) => {
            return new X509Certificate(asn1).publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
          }),
        ];
      }),
    );
    assert.equal(new Set(keys.flat()).size, 4);
  });
});
