import assert from 'node:assert/strict';
import { generateKey, publicKeyInfoOf } from '@credence/sdk/keys';
import {
  basicConstraintsExtension,
  encodeTbsCertificate,
  keyUsageExtension,
  type CertificateTemplate,
} from '@credence/sdk/x509';
import { inspectCaCertificate, type CaCertificateLimits } from '../../dist/ca/rules/ca-certificate.js';
import { caCertificateTemplate, defaultCaSubject } from '../../dist/ca/templates/ca-certificate.js';
import { createValidity } from '../../dist/ca/templates/validity.js';
import { after, everywhere, extension, refusal, san, type Defect } from './support/defects.js';
import { createIssuer, now, trustDomain } from './support/issuer.js';

const { authority } = await createIssuer();
const otherKeyInfo = publicKeyInfoOf(await generateKey('ec-p256'));

const ofAuthorities: readonly Defect[] = [
  {
    name: 'the key usage of a leaf (X509-SVID §4.3)',
    change: extension(0, () => keyUsageExtension(['digitalSignature', 'keyCertSign', 'cRLSign'])),
    message: /keyUsage .*§4\.3/,
  },
  {
    name: 'cA FALSE (X509-SVID §4.1)',
    change: extension(1, () => basicConstraintsExtension({ ca: false })),
    message: /basicConstraints .*§4\.1/,
  },
  { name: 'an ID with a path (X509-SVID §3.2)', change: san(['spiffe://example.org/ca']), message: /alone .*§3\.2/ },
  { name: 'another trust domain', change: san(['spiffe://example.com']), message: /alone .*§3\.2/ },
  { name: 'a DNS name', change: san(['spiffe://example.org'], ['a.example']), message: /alone .*§3\.2/ },
  { name: 'another key', change: () => ({ publicKeyInfo: otherKeyInfo }), message: /key is not the one that signs/ },
];

describe('the rules of an authority', () => {
  const limits: CaCertificateLimits = {
    trustDomain,
    publicKeyInfo: authority.limits.authorityKey,
    signatureAlgorithm: authority.limits.signatureAlgorithm,
    latest: after(86_400),
  };

  it('accept what the template makes', () => {
    inspect({});
  });

  for (const { name, change, message } of [...everywhere, ...ofAuthorities]) {
    it(`refuse ${name}`, () => {
      assert.throws(() => {
        inspect(change(template()));
      }, refusal(message));
    });
  }

  function template(): CertificateTemplate {
    return caCertificateTemplate({
      trustDomain,
      serialNumber: Buffer.alloc(16, 1),
      validity: createValidity(now, 86_400_000),
      subject: defaultCaSubject,
      publicKeyInfo: authority.limits.authorityKey,
    });
  }

  function inspect(change: Partial<CertificateTemplate>): void {
    inspectCaCertificate(encodeTbsCertificate({ ...template(), ...change }, authority.privateKey), limits, now);
  }
});
