import 'reflect-metadata';
import assert from 'node:assert/strict';
import { X509Certificate, type KeyObject } from 'node:crypto';
import * as peculiar from '@peculiar/x509';
import fc from 'fast-check';
import { isSpiffeError } from '@credence/sdk';
import { generateKey, publicKeyInfoOf, subjectKeyId } from '@credence/sdk/keys';
import {
  authorityKeyIdExtension,
  basicConstraintsExtension,
  Certificate,
  encodeName,
  extendedKeyUsageExtension,
  keyUsageExtension,
  nameConstraintsExtension,
  Oid,
  renderDistinguishedName,
  renderName,
  signCertificate,
  subjectAltNameExtension,
  subjectKeyIdExtension,
  type CertificateTemplate,
  type KeyUsage,
} from '@credence/sdk/x509';

const usages: readonly KeyUsage[] = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
];
const label = fc.stringMatching(/^[a-z0-9]{1,10}$/);
const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const instant = fc
  .date({ min: new Date('1951-01-01'), max: new Date('9999-12-30'), noInvalidDate: true })
  .map((date) => new Date(Math.floor(date.getTime() / 1000) * 1000));

const plan = fc.record({
  serialNumber: fc.bigInt({ min: 1n, max: 2n ** 160n - 1n }),
  commonName: fc.string({ minLength: 1, maxLength: 20, unit: fc.constantFrom(...Array.from('abcZ 09-_,+="ü漢*')) }),
  times: fc.tuple(instant, instant),
  keyUsage: fc.uniqueArray(fc.constantFrom(...usages), { minLength: 1 }),
  constraints: fc.oneof(
    fc.constant({ ca: false }),
    fc.record({ ca: fc.constant(true), pathLength: fc.option(fc.nat(300), { nil: undefined }) }),
  ),
  uris: fc.array(
    host.map((name) => `spiffe://${name}/w`),
    { minLength: 1, maxLength: 5 },
  ),
  dnsNames: fc.array(host, { maxLength: 5 }),
  permittedUris: fc.array(host, { minLength: 1, maxLength: 3 }),
});
type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;

function templateOf(p: Plan, key: KeyObject): CertificateTemplate {
  const publicKeyInfo = publicKeyInfoOf(key);
  const name = encodeName({ country: ['US'], organization: ['SPIRE', 'B'], commonName: p.commonName });
  return {
    serialNumber: Buffer.from(p.serialNumber.toString(16).padStart(40, '0'), 'hex'),
    issuer: name,
    subject: name,
    notBefore: p.times[0],
    notAfter: p.times[1],
    publicKeyInfo,
    extensions: [
      keyUsageExtension(p.keyUsage),
      extendedKeyUsageExtension([Oid.serverAuth, Oid.clientAuth]),
      basicConstraintsExtension(p.constraints),
      subjectKeyIdExtension(subjectKeyId(publicKeyInfo)),
      authorityKeyIdExtension(subjectKeyId(publicKeyInfo)),
      subjectAltNameExtension({ uris: p.uris, dnsNames: p.dnsNames }),
      nameConstraintsExtension({ permittedUris: p.permittedUris }),
    ],
  };
}

describe('certificates from any template', () => {
  let keys: readonly KeyObject[];
  before(async () => {
    keys = await Promise.all([generateKey('ec-p256'), generateKey('ec-p384'), generateKey('rsa-2048')]);
  });

  const forAll = (runs: number, check: (p: Plan, key: KeyObject, der: Buffer) => void): void => {
    fc.assert(
      fc.property(plan, fc.nat(2), (p, index) => {
        const key = keys[index]!;
        check(p, key, signCertificate(templateOf(p, key), key));
      }),
      { numRuns: runs },
    );
  };

  it('say to our reader what the template said', () => {
    forAll(100, (p, key, der) => {
      const certificate = Certificate.parse(der);
      assert.equal(certificate.serialNumber, p.serialNumber);
      assert.deepEqual([certificate.notBefore, certificate.notAfter], p.times);
      assert.deepEqual(certificate.publicKeyInfo, publicKeyInfoOf(key));
      assert.deepEqual(certificate.keyUsage, new Set(usages.filter((usage) => p.keyUsage.includes(usage))));
      assert.deepEqual({ ...certificate.basicConstraints }, { pathLength: undefined, ...p.constraints });
      assert.deepEqual([certificate.uriSans, certificate.dnsNames], [p.uris, p.dnsNames]);
      assert.deepEqual(certificate.extendedKeyUsage, [Oid.serverAuth, Oid.clientAuth]);
      assert.deepEqual(certificate.subjectKeyId, subjectKeyId(certificate.publicKeyInfo));
      assert.deepEqual(certificate.authorityKeyId, certificate.subjectKeyId);
      assert.deepEqual(certificate.nameConstraints?.permitted.uris, p.permittedUris);
      assert.deepEqual(certificate.unknownCritical, []);
      assert.ok(certificate.isSignedBy(certificate));
    });
  });

  it('say the same to OpenSSL through Node', () => {
    forAll(50, (p, _key, der) => {
      const theirs = new X509Certificate(der);
      assert.equal(BigInt(`0x${theirs.serialNumber}`), p.serialNumber);
      assert.equal(new Date(theirs.validTo).getTime(), p.times[1].getTime());
      assert.equal(theirs.ca, p.constraints.ca && p.keyUsage.includes('keyCertSign'));
      const names = [...p.dnsNames.map((name) => `DNS:${name}`), ...p.uris.map((uri) => `URI:${uri}`)];
      assert.equal(theirs.subjectAltName, names.join(', '));
      assert.ok(theirs.verify(theirs.publicKey));
      assert.equal(theirs.toString(), Certificate.parse(der).toPem());
    });
  });

  it('say the same to @peculiar/x509', () => {
    forAll(30, (p, _key, der) => {
      const theirs = new peculiar.X509Certificate(der);
      assert.equal(BigInt(`0x${theirs.serialNumber}`), p.serialNumber);
      assert.deepEqual([theirs.notBefore, theirs.notAfter], p.times);
      const constraints = theirs.getExtension(peculiar.BasicConstraintsExtension);
      assert.deepEqual([constraints?.ca, constraints?.critical], [p.constraints.ca, true]);
      const names = theirs.getExtension(peculiar.SubjectAlternativeNameExtension)?.names.toJSON();
      assert.deepEqual(
        names?.map((name) => name.value),
        [...p.dnsNames, ...p.uris],
      );
      const bits = usages.reduce((sum, usage, bit) => sum | (p.keyUsage.includes(usage) ? 1 << bit : 0), 0);
      assert.equal(theirs.getExtension(peculiar.KeyUsagesExtension)?.usages, bits);
    });
  });

  it('throw only our own errors when bytes of them change', () => {
    let der: Buffer | undefined;
    forAll(1, (_p, _key, made) => {
      der = made;
    });
    fc.assert(
      fc.property(fc.nat(der!.length - 1), fc.nat(255), fc.boolean(), (position, octet, cut) => {
        const mutated = Buffer.from(cut ? der!.subarray(0, position) : der!);
        if (!cut) mutated[position] = octet;
        try {
          const certificate = Certificate.parse(mutated);
          certificate.isSignedBy(certificate);
          JSON.stringify(certificate);
        } catch (error) {
          assert.ok(isSpiffeError(error), String(error));
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('signCertificate', () => {
  it('refuses a serial number of zero or of more than 20 bytes (RFC 5280 §4.1.2.2)', async () => {
    const key = await generateKey('ec-p256');
    const [p] = fc.sample(plan, 1);
    const template = templateOf(p!, key);
    signCertificate(template, key);
    for (const serialNumber of [Buffer.alloc(0), Buffer.alloc(4), Buffer.alloc(21, 1)]) {
      assert.throws(() => signCertificate({ ...template, serialNumber }, key), TypeError);
    }
  });
});

describe('names (RFC 5280 §4.1.2.4)', () => {
  it('are rendered in their order, escaped', () => {
    const name = encodeName({ country: ['US'], organization: ['a, b', 'é'], commonName: '#x ', serialNumber: '7' });
    assert.equal(renderName(name), 'C=US, O=é+O=a\\, b, CN=\\#x\\ , SERIALNUMBER=7');
  });

  it('are rendered from the last to the first where RFC 4514 §2.1 is asked for', () => {
    const name = encodeName({ country: ['US'], organization: ['a,b', 'c'], commonName: 'web', serialNumber: '7' });
    assert.equal(renderDistinguishedName(name), 'SERIALNUMBER=7,CN=web,O=c+O=a\\,b,C=US');
    assert.equal(renderDistinguishedName(encodeName({})), '');
  });

  it('leave out what is empty', () => {
    assert.deepEqual(encodeName({ commonName: '', organization: [] }), Buffer.of(0x30, 0));
  });

  it('hide no control characters', () => {
    assert.equal(renderName(encodeName({ commonName: 'a\nb\u202e' })), 'CN=a\\0ab\\e2\\80\\ae');
  });
});
