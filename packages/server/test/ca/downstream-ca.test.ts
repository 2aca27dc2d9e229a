import assert from 'node:assert/strict';
import { generateKey, publicKeyInfoOf } from '@credence/sdk/keys';
import {
  Certificate,
  encodeName,
  encodeTbsCertificate,
  renderName,
  type CertificateTemplate,
} from '@credence/sdk/x509';
import { inspectIssuedCaCertificate } from '../../dist/ca/rules/issued-ca-certificate.js';
import { issuedCaCertificateTemplate } from '../../dist/ca/templates/issued-ca-certificate.js';
import { withOrganizationalUnit } from '../../dist/ca/templates/subject.js';
import { createValidity } from '../../dist/ca/templates/validity.js';
import { createIssuer, now, trustDomain, type IssuerFixture } from './support/issuer.js';

describe('the authority of a downstream server', () => {
  let fixture: IssuerFixture;
  let publicKeyInfo: Buffer;
  before(async () => {
    fixture = await createIssuer();
    publicKeyInfo = publicKeyInfoOf(await generateKey('ec-p256'));
  });

  it('is certified by the active authority, with the chain above that', () => {
    const { authority, issuer } = fixture;
    const { chain, expiresAt } = issuer.issueDownstreamCa({ publicKeyInfo, ttlSeconds: 0 });
    const certificate = Certificate.parse(chain[0]!);
    assert.equal(chain.length, 1);
    assert.ok(certificate.isSignedBy(Certificate.parse(authority.published)));
    assert.deepEqual(certificate.notAfter, expiresAt);
  });

  it("is refused for the authority's own key", () => {
    const { authority, issuer } = fixture;
    const own = authority.limits.authorityKey;
    assert.throws(() => issuer.issueDownstreamCa({ publicKeyInfo: own, ttlSeconds: 0 }), {
      code: 'ERR_PROFILE',
      message: /the key is the issuer's own/,
    });
  });

  describe('is inspected before it is signed: refused is', () => {
    const template = (): CertificateTemplate =>
      issuedCaCertificateTemplate(
        { name: fixture.authority.limits.issuer, keyId: fixture.authority.limits.authorityKeyId },
        {
          trustDomain,
          serialNumber: Buffer.of(1),
          validity: createValidity(now, 1000),
          subject: encodeName({ organization: ['below'] }),
          publicKeyInfo,
        },
      );
    const inspect = (change: Partial<CertificateTemplate>): unknown =>
      inspectIssuedCaCertificate(
        encodeTbsCertificate({ ...template(), ...change }, fixture.authority.privateKey),
        fixture.authority.limits,
        now,
      );
    const foreign = Buffer.from('other');
    const defects: readonly [string, () => Partial<CertificateTemplate>][] = [
      ['another issuer (RFC 5280 §4.1.2.4)', () => ({ issuer: encodeName({ organization: ['x'] }) })],
      ["the issuer's own subject", () => ({ subject: fixture.authority.limits.issuer })],
      [
        'a life beyond that of the issuer',
        () => ({ notAfter: new Date(fixture.authority.expiresAt.getTime() + 1000) }),
      ],
      ['a missing extension', () => ({ extensions: template().extensions.slice(1) })],
      [
        'one extension more',
        () => ({ extensions: [...template().extensions, { oid: '1.2.3', critical: false, value: foreign }] }),
      ],
      ['the extensions of a leaf', () => ({ extensions: leafExtensions() })],
      ['another trust domain (X509-SVID §3.2)', () => ({ extensions: otherTrustDomain() })],
    ];
    const leafExtensions = () => {
      const [keyUsage, , ...others] = template().extensions;
      return [keyUsage!, { oid: '2.5.29.19', critical: true, value: Buffer.from('3000', 'hex') }, ...others];
    };
    const otherTrustDomain = () =>
      template().extensions.map((extension) =>
        extension.oid === '2.5.29.17'
          ? {
              ...extension,
              value: Buffer.from(extension.value.toString('latin1').replace('example.org', 'exbmple.org'), 'latin1'),
            }
          : extension,
      );
    for (const [name, change] of defects) {
      it(name, () => {
        inspect({});
        assert.throws(() => inspect(change()), { code: 'ERR_PROFILE' });
      });
    }
  });

  describe('has the subject of its issuer, with an organizational unit of its own', () => {
    const cases = [
      {
        name: { country: ['US'], organization: ['SPIFFE'], serialNumber: '7' },
        is: 'C=US, O=SPIFFE, OU=D, SERIALNUMBER=7',
      },
      { name: { country: ['US'], organizationalUnit: ['DOWNSTREAM-1'], commonName: 'c' }, is: 'C=US, OU=D, CN=c' },
      { name: {}, is: 'OU=D' },
    ];
    for (const { name, is } of cases) {
      it(is, () => {
        assert.equal(renderName(withOrganizationalUnit(encodeName(name), 'D')), is);
      });
    }
  });
});
