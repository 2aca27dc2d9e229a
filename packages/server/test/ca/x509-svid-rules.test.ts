import assert from 'node:assert/strict';
import { SpiffeId } from '@credence/sdk';
import { generateKey, publicKeyInfoOf } from '@credence/sdk/keys';
import {
  authorityKeyIdExtension,
  basicConstraintsExtension,
  encodeName,
  encodeTbsCertificate,
  extendedKeyUsageExtension,
  keyUsageExtension,
  subjectKeyIdExtension,
  type CertificateTemplate,
} from '@credence/sdk/x509';
import { inspectX509Svid, type Subscriber } from '../../dist/ca/rules/x509-svid.js';
import { createValidity } from '../../dist/ca/templates/validity.js';
import { x509SvidTemplate } from '../../dist/ca/templates/x509-svid.js';
import { everywhere, extension, refusal, san, type Defect } from './support/defects.js';
import { createIssuer, now } from './support/issuer.js';

const { authority } = await createIssuer();
const { authority: stronger } = await createIssuer({ keyType: 'ec-p384' });
const publicKeyInfo = publicKeyInfoOf(await generateKey('ec-p256'));
const keyId = Buffer.alloc(20, 7);

const ofLeaves: readonly Defect[] = [
  {
    name: 'the key usage of an authority (X509-SVID §4.3)',
    change: extension(0, () => keyUsageExtension(['digitalSignature', 'keyCertSign'])),
    message: /keyUsage .*§4\.3/,
  },
  {
    name: 'one extended key usage only (X509-SVID §4.4)',
    change: extension(1, () => extendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1'])),
    message: /extKeyUsage .*§4\.4/,
  },
  {
    name: 'cA TRUE (X509-SVID §4.1)',
    change: extension(2, () => basicConstraintsExtension({ ca: true })),
    message: /basicConstraints .*§4\.1/,
  },
  {
    name: 'the key ID of another key',
    change: extension(3, () => subjectKeyIdExtension(keyId)),
    message: /subjectKeyIdentifier/,
  },
  {
    name: 'the key ID of another authority',
    change: extension(4, () => authorityKeyIdExtension(keyId)),
    message: /authorityKeyIdentifier/,
  },
  {
    name: 'a critical SAN beside a subject',
    change: extension(5, (old) => ({ ...old, critical: true })),
    message: /critical if and only if/,
  },
  {
    name: 'a SAN that is not critical without a subject (X509-SVID §3.1)',
    change: () => ({ subject: encodeName({}) }),
    message: /critical if and only if/,
  },
  {
    name: 'the public key of the authority (X509-SVID §3.2)',
    change: () => ({ publicKeyInfo: authority.limits.authorityKey }),
    message: /authority's own/,
  },
  { name: 'the ID of another trust domain', change: san(['spiffe://example.com/web']), message: /not in trust domain/ },
  { name: 'the ID of a subdomain', change: san(['spiffe://sub.example.org/web']), message: /not in trust domain/ },
  { name: 'an ID without a path (X509-SVID §3.1)', change: san(['spiffe://example.org']), message: /has no path/ },
  {
    name: 'an ID with a trailing slash (SPIFFE-ID §2.2)',
    change: san(['spiffe://example.org/web/']),
    message: /ends with/,
  },
  { name: 'a dot segment (SPIFFE-ID §2.2)', change: san(['spiffe://example.org/a/../b']), message: /refused to sign/ },
  { name: 'a URI that is no SPIFFE ID', change: san(['https://example.org/web']), message: /refused to sign/ },
  {
    name: "the server's ID",
    change: san(['spiffe://example.org/spire/server']),
    message: /the SPIFFE ID of the server/,
  },
  {
    name: 'a DNS name that is none',
    change: san(['spiffe://example.org/web'], ['a.example,DNS:b.example']),
    message: /DNS name/,
  },
  {
    name: 'an e-mail address',
    change: ({ extensions }) => ({
      extensions: [
        ...extensions.slice(0, -1),
        {
          ...extensions.at(-1)!,
          value: Buffer.from('301b86167370696666653a2f2f6578616d706c652e6f72672f77810161', 'hex'),
        },
      ],
    }),
    message: /neither a URI nor a DNS name/,
  },
];

describe('the rules of an X.509-SVID', () => {
  it('accept what the template makes', () => {
    inspect({});
    inspect(san(['spiffe://example.org/web'], ['a.example', '*.b.example'])(template()));
    inspect({ subject: encodeName({ commonName: 'x' }) });
  });

  for (const { name, change, message } of [...everywhere, ...ofLeaves]) {
    it(`refuse ${name}`, () => {
      assert.throws(() => {
        inspect(change(template()));
      }, refusal(message));
    });
  }

  it('refuse a signature algorithm that is not that of the key', () => {
    const tbs = encodeTbsCertificate(template(), stronger.privateKey);
    assert.throws(() => inspectX509Svid(tbs, authority.limits, 'other', now), refusal(/signature is not/));
  });

  it("give the server's ID to the server, and no other ID", () => {
    inspect(san(['spiffe://example.org/spire/server'])(template()), 'server');
    assert.throws(
      () => {
        inspect(san(['spiffe://example.org/web'])(template()), 'server');
      },
      refusal(/not the SPIFFE ID of the server/),
    );
  });

  it('refuse bytes behind the certificate, and every truncation of it', () => {
    const tbs = encodeTbsCertificate(template(), authority.privateKey);
    inspectX509Svid(tbs, authority.limits, 'other', now);
    for (const bytes of [
      Buffer.concat([tbs, Buffer.of(0)]),
      ...Array.from(tbs, (_, length) => tbs.subarray(0, length)),
    ]) {
      assert.throws(() => inspectX509Svid(bytes, authority.limits, 'other', now), refusal(/does not parse/));
    }
  });

  function template(): CertificateTemplate {
    return x509SvidTemplate(authority.issuance, {
      spiffeId: SpiffeId.parse('spiffe://example.org/web'),
      dnsNames: [],
      subject: undefined,
      publicKeyInfo,
      serialNumber: Buffer.alloc(16, 1),
      validity: createValidity(now, 3_600_000),
    });
  }

  function inspect(change: Partial<CertificateTemplate>, subscriber: Subscriber = 'other'): void {
    const tbs = encodeTbsCertificate({ ...template(), ...change }, authority.privateKey);
    assert.equal(inspectX509Svid(tbs, authority.limits, subscriber, now), tbs);
  }
});
