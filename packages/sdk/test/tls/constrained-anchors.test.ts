import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:tls';
import { authorizeAny, TrustDomain, X509Bundle } from '@credence/sdk';
import { StaticX509Source, TestCa } from '@credence/sdk/testing';
import { constrainedCa, createServer as createSpiffeServer } from '@credence/sdk/tls';
import { Certificate, nameConstraintsExtension } from '@credence/sdk/x509';
import { answered, close, greet, listening } from './loopback.js';

function crossCertificates(bundles: readonly X509Bundle[]): readonly Certificate[] {
  const [anchor, ...crosses] = constrainedCa(bundles).map((pem) => Certificate.parsePem(pem)[0]!);
  for (const cross of crosses) assert.ok(cross.isSignedBy(anchor!));
  return crosses;
}

const permittedUris = (certificate: Certificate | undefined) => certificate?.nameConstraints?.permitted.uris;

describe('constrained anchors (SPIFFE Federation §4.2, RFC 5280 §4.2.1.10)', () => {
  let a: TestCa;
  let b: TestCa;
  before(async () => {
    [a, b] = await Promise.all([TestCa.create('a.test'), TestCa.create('b.test')]);
  });

  it('certify each authority anew for its own trust domain', () => {
    const [first, second, ...others] = crossCertificates([a.bundle(), b.bundle()]);
    assert.ok(first);
    assert.deepEqual([permittedUris(first), permittedUris(second), others], [['a.test'], ['b.test'], []]);
    assert.deepEqual(first.subject, a.certificate.subject);
    assert.deepEqual(first.publicKeyInfo, a.certificate.publicKeyInfo);
    assert.deepEqual(first.subjectKeyId, a.certificate.subjectKeyId);
    assert.deepEqual([first.notBefore, first.notAfter], [a.certificate.notBefore, a.certificate.notAfter]);
  });

  it('hold no root itself, and are never empty', () => {
    for (const bundles of [[], [X509Bundle.fromCertificates(a.trustDomain, [])], [a.bundle()]]) {
      const ca = constrainedCa(bundles);
      assert.ok(ca.length > 0 && ca.every((pem) => pem.startsWith('-----BEGIN CERTIFICATE-----')));
      assert.ok(!ca.includes(a.certificate.toPem()));
    }
    assert.equal(constrainedCa([]).length, 1);
  });

  it('let an authority of two trust domains speak for both', () => {
    const shared = X509Bundle.fromCertificates(b.trustDomain, [a.certificate]);
    const [cross, ...others] = crossCertificates([a.bundle(), shared]);
    assert.deepEqual([permittedUris(cross), others], [['a.test', 'b.test'], []]);
  });

  it('make no signing certificate of one that is none (RFC 5280 §6.1.4 (k), (n))', async () => {
    const leaf = (await a.x509Svid('/w')).leaf;
    const withoutSigning = await TestCa.create('a.test', { keyUsage: ['cRLSign'] });
    const bundle = X509Bundle.fromCertificates(a.trustDomain, [leaf, withoutSigning.certificate]);
    assert.deepEqual(crossCertificates([bundle]), []);
  });

  it('refuse a trust domain whose name would mean its subdomains', () => {
    const dotted = X509Bundle.fromCertificates(TrustDomain.parse('.a.test'), [a.certificate]);
    assert.deepEqual(crossCertificates([dotted]), []);
  });

  it('keep the path length and the name constraints of the authority', async () => {
    const extraExtensions = [
      nameConstraintsExtension({ permittedUris: ['a.test', 'c.test'], excludedUris: ['d.test'] }),
    ];
    const limited = await TestCa.create('a.test', { basicConstraints: { ca: true, pathLength: 0 }, extraExtensions });
    const of = (domain: string) => X509Bundle.fromCertificates(TrustDomain.parse(domain), [limited.certificate]);
    const [cross, ...others] = crossCertificates(['a.test', 'b.test', 'c.test', 'd.test'].map(of));
    assert.deepEqual([permittedUris(cross), others], [['a.test', 'c.test'], []]);
    assert.equal(cross?.basicConstraints?.pathLength, 0);
    assert.deepEqual(crossCertificates([of('b.test')]), []);
  });

  it('believe nothing that earlier anchors certified', async () => {
    const [bundleA, bundleB] = [a.bundle(), b.bundle()];
    const [, formerCross = ''] = constrainedCa([bundleA]);
    const svid = await a.x509Svid('/w');
    const server = createServer({ cert: svid.certChainPem() + formerCross, key: svid.privateKeyPem() }, greet);
    const { port } = await listening(server);
    const dial = async (bundles: readonly X509Bundle[]): Promise<string> => {
      const checkServerIdentity = (): undefined => undefined;
      const socket = connect({ host: '127.0.0.1', port, ca: [...constrainedCa(bundles)], checkServerIdentity });
      await once(socket, 'secureConnect');
      return answered(socket).finally(() => socket.destroy());
    };
    assert.equal(await dial([bundleA, bundleB]), 'hello');
    await assert.rejects(dial([bundleB]));
    await close(server);
  });

  it('are never sent to peers', async () => {
    const source = new StaticX509Source(await a.x509Svid('/w'), [a.bundle(), b.bundle()]);
    const server = createSpiffeServer({ svid: source, bundles: source, authorize: authorizeAny() }, greet);
    const { port } = await listening(server);
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }).on('error', () => undefined);
    await once(socket, 'secureConnect');
    const { raw, issuerCertificate } = socket.getPeerCertificate(true);
    assert.ok(raw.equals(source.getX509Svid().leaf.raw));
    assert.ok(issuerCertificate.raw.equals(a.certificate.raw));
    await close(server, socket);
  });

  it('are the same as long as the bundles are', () => {
    const [bundleA, bundleB] = [a.bundle(), b.bundle()];
    const both = constrainedCa([bundleA, bundleB]);
    const one = constrainedCa([bundleA]);
    assert.equal(constrainedCa([bundleA, bundleB]), both);
    assert.equal(constrainedCa([bundleA]), one);
    assert.notEqual(one, both);
  });
});
