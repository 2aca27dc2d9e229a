import assert from 'node:assert/strict';
import { authorizeAny, TrustDomain, X509Bundle, type Logger } from '@credence/sdk';
import { publicKeyInfoOf, subjectKeyId } from '@credence/sdk/keys';
import { StaticX509Source, TestCa, type TestCertificateOptions } from '@credence/sdk/testing';
import { createServer } from '@credence/sdk/tls';
import {
  basicConstraintsExtension,
  Certificate,
  keyUsageExtension,
  Oid,
  signCertificate,
  subjectKeyIdExtension,
} from '@credence/sdk/x509';
import { chooseAuthorities } from '../../dist/tls/authority-choice.js';
import { close, greet, greeted, listening } from './loopback.js';

const bundleOf = (domain: string, ...certificates: readonly Certificate[]): X509Bundle =>
  X509Bundle.fromCertificates(TrustDomain.parse(domain), certificates);

describe('the choice of authorities for TLS', () => {
  let a: TestCa;
  let b: TestCa;
  let evil: TestCa;
  let warnings: object[];
  let logger: Logger;

  before(async () => {
    [a, b, evil] = await Promise.all([TestCa.create('a.test'), TestCa.create('b.test'), TestCa.create('evil.test')]);
  });
  beforeEach(() => {
    warnings = [];
    const ignore = (): void => undefined;
    logger = { debug: ignore, info: ignore, error: ignore, warn: (fields) => void warnings.push({ ...fields }) };
  });

  /** What evil.test makes to look like the authority of another. */
  const imitation = (of: Certificate, { own = false, withKeyId = true, days = 1 } = {}): Certificate => {
    const notAfter = new Date(of.notAfter.getTime() + days * 86_400_000);
    const publicKeyInfo = own ? publicKeyInfoOf(evil.key) : of.publicKeyInfo;
    const extensions = [
      basicConstraintsExtension({ ca: true }),
      keyUsageExtension(['keyCertSign']),
      ...(withKeyId ? [subjectKeyIdExtension(of.subjectKeyId!)] : []),
    ];
    const { subject, notBefore } = of;
    const template = { serialNumber: Buffer.of(1, 2), issuer: subject, subject, notBefore, notAfter, publicKeyInfo };
    return Certificate.parse(signCertificate({ ...template, extensions }, evil.key));
  };
  const withName = async (length: number, options: TestCertificateOptions = {}): Promise<Certificate> => {
    const commonName = String(Math.random()).padEnd(length, 'x');
    return (await TestCa.create('evil.test', { key: evil.key, subject: { commonName }, ...options })).certificate;
  };
  const choose = (bundles: readonly X509Bundle[], own?: TrustDomain): Map<string, readonly Certificate[]> => {
    const chosen = chooseAuthorities(bundles, { own, logger });
    const of = (domain: string) => chosen.filter(({ domains }) => domains.includes(domain));
    return new Map(
      bundles.map(({ trustDomain: { name } }) => [name, of(name).map(({ certificate }) => certificate)] as const),
    );
  };

  describe('where names fill the CertificateRequest (RFC 8446 §4.2.4)', () => {
    let huge: X509Bundle;
    before(async () => {
      huge = bundleOf('evil.test', ...(await Promise.all(Array.from({ length: 70 }, () => withName(1000)))));
    });

    it('takes from the trust domain that fills it, not from the others, and says so', () => {
      const chosen = choose([huge, a.bundle(), b.bundle()], a.trustDomain);
      assert.deepEqual(chosen.get('a.test'), [a.certificate]);
      assert.deepEqual(chosen.get('b.test'), [b.certificate]);
      const kept = chosen.get('evil.test') ?? [];
      assert.ok(kept.length > 20 && kept.reduce((sum, { subject }) => sum + subject.length, 0) < 32_000);
      assert.deepEqual(warnings, [{ trustDomain: 'evil.test', leftOut: 70 - kept.length }]);
    });

    it('shares what there is among those that fill it', () => {
      const twin = bundleOf('twin.test', ...huge.authorities.toReversed());
      const chosen = choose([huge, twin], a.trustDomain);
      const [one = 0, other = 0] = ['evil.test', 'twin.test'].map((domain) => chosen.get(domain)?.length);
      assert.ok(one > 10 && Math.abs(one - other) <= 1, `${one} and ${other}`);
    });

    it('lets no authority be lost because another holds it too', () => {
      const chosen = choose([bundleOf('evil.test', ...huge.authorities, b.certificate), b.bundle()], a.trustDomain);
      assert.deepEqual(chosen.get('b.test'), [b.certificate]);
    });

    it('keeps a server working', async () => {
      const source = new StaticX509Source(await a.x509Svid('/w'), [huge, a.bundle()]);
      const options = { svid: source, bundles: source, authorize: authorizeAny() };
      const { server, port } = await listening(createServer(options, greet));
      await close(server, await greeted(port, options));
    });
  });

  describe('where one looks like another (RFC 5280 §4.2.1.1)', () => {
    const imitations = [
      { title: 'the same key and other dates', make: () => imitation(a.certificate) },
      {
        title: 'another key and the same key identifier',
        make: () => imitation(a.certificate, { own: true, days: 0 }),
      },
      {
        title: 'another key and no key identifier',
        make: () => imitation(a.certificate, { own: true, withKeyId: false }),
      },
    ];
    for (const { title, make } of imitations) {
      it(`leaves a foreign one with ${title} out, whoever comes first, with a warning`, () => {
        const foreign = bundleOf('evil.test', evil.certificate, make());
        for (const bundles of [
          [foreign, a.bundle()],
          [a.bundle(), foreign],
        ]) {
          for (const own of [a.trustDomain, b.trustDomain]) {
            warnings.length = 0;
            const chosen = choose(bundles, own);
            assert.deepEqual(chosen.get('a.test'), [a.certificate]);
            assert.deepEqual(chosen.get('evil.test'), [evil.certificate]);
            assert.deepEqual(warnings, [{ trustDomain: 'evil.test', heldBy: 'a.test' }]);
          }
        }
      });
    }

    it('knows a genuine one by a key identifier of SHA-256 too (RFC 7093 §2)', async () => {
      const keyId = subjectKeyIdExtension(subjectKeyId(publicKeyInfoOf(b.key), 'sha256'));
      const genuine = await TestCa.create('b.test', { key: b.key, extraExtensions: [keyId] });
      const foreign = bundleOf('evil.test', imitation(genuine.certificate, { own: true }));
      assert.deepEqual(choose([foreign, genuine.bundle()]).get('b.test'), [genuine.certificate]);
    });

    it('keeps two of one name with a key identifier each', async () => {
      const subject = { country: ['US'], organization: ['SPIFFE'] };
      const [one, two] = await Promise.all([
        TestCa.create('a.test', { subject }),
        TestCa.create('b.test', { subject }),
      ]);
      const chosen = choose([one.bundle(), two.bundle()]);
      assert.deepEqual([...chosen.values()].flat().length, 2);
      assert.deepEqual(warnings, []);
    });

    it('lets the peers of the imitated one in', async () => {
      const foreign = bundleOf('evil.test', imitation(a.certificate), imitation(a.certificate, { own: true, days: 2 }));
      const source = new StaticX509Source(await a.x509Svid('/w'), [foreign, a.bundle()]);
      const options = { svid: source, bundles: source, authorize: authorizeAny() };
      const { server, port } = await listening(createServer(options, greet));
      await close(server, await greeted(port, options));
    });

    it('tells forms of one authority apart by what OpenSSL looks at', async () => {
      const forms = await Promise.all(
        [{ extendedKeyUsage: [Oid.serverAuth] }, { extendedKeyUsage: [Oid.clientAuth] }].map((form) =>
          TestCa.create('a.test', { ...form, key: a.key, subject: { commonName: 'x' } }),
        ),
      );
      const bundle = bundleOf('a.test', ...forms.map(({ certificate }) => certificate));
      assert.equal(choose([bundle]).get('a.test')?.length, 2);
    });
  });
});
