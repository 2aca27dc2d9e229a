import assert from 'node:assert/strict';
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { TrustDomain } from '@credence/sdk';
import { generateKey, publicKeyInfoOf } from '@credence/sdk/keys';
import { TestCa } from '@credence/sdk/testing';
import type { Bundle__Output } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import { BundleReader } from '../../dist/serverclient/bundle-reader.js';
import { RecordingLogger } from '../ca/support/recording-logger.js';

const trustDomain = TrustDomain.parse('example.org');
const root = await TestCa.create(trustDomain);
const key = publicKeyInfoOf(await generateKey('ec-p256'));
const ed25519 = await promisify(generateKeyPair)('ed25519');
const weak = await promisify(generateKeyPair)('rsa', { modulusLength: 1024 });
const notOnCurve = Buffer.concat([key.subarray(0, -64), Buffer.alloc(64, 1)]);

const x509 = (asn1: Buffer): Bundle__Output['x509_authorities'][number] => ({ asn1, tainted: false });
const jwt = (changes: Partial<Bundle__Output['jwt_authorities'][number]> = {}) => ({
  key_id: 'k',
  public_key: key,
  expires_at: '1900000000',
  tainted: false,
  ...changes,
});
const bundle = (changes: Partial<Bundle__Output>): Bundle__Output => ({
  trust_domain: 'example.org',
  x509_authorities: [x509(root.certificate.raw)],
  jwt_authorities: [jwt()],
  wit_authorities: [],
  refresh_hint: '0',
  sequence_number: '1',
  ...changes,
});

describe('the bundle of the server above', () => {
  it('is refused when it is of another trust domain (SPIFFE Trust Domain and Bundle §3)', () => {
    const reader = new BundleReader({ trustDomain, log: new RecordingLogger() });
    assert.equal(reader.read(bundle({})).jwtAuthorities.length, 1);
    for (const name of ['other.org', '', 'EXAMPLE.org', 'spiffe://example.org']) {
      assert.throws(() => reader.read(bundle({ trust_domain: name })), { code: 'ERR_UPSTREAM' });
    }
  });

  const odd: readonly [string, () => Promise<Partial<Bundle__Output>> | Partial<Bundle__Output>, RegExp][] = [
    ['an X.509 authority that is none', () => ({ x509_authorities: [x509(Buffer.from('no'))] }), /X\.509 authority 1/],
    [
      'the certificate of a leaf',
      async () => ({ x509_authorities: [x509((await root.credential('/web')).chain[0]!)] }),
      /not the certificate of a CA/,
    ],
    [
      'a certificate of 10 kB',
      async () => {
        const dnsNames = Array.from({ length: 500 }, (_, index) => `${index}.a-long-name.example.org`);
        return { x509_authorities: [x509((await root.childCa({ dnsNames })).certificate.raw)] };
      },
      /longer than 8192 bytes/,
    ],
    ['a JWT authority without a key ID', () => ({ jwt_authorities: [jwt({ key_id: '' })] }), /key ID is not of 1 to/],
    ['a key ID of 3 MB', () => ({ jwt_authorities: [jwt({ key_id: 'x'.repeat(3e6) })] }), /key ID is not of 1 to/],
    ['a key ID twice', () => ({ jwt_authorities: [jwt({ tainted: true })] }), /that of another one/],
    [
      'an Ed25519 key (JWT-SVID §2.1)',
      () => ({ jwt_authorities: [jwt({ key_id: 'e', public_key: publicKeyInfoOf(ed25519.publicKey) })] }),
      /Ed25519/,
    ],
    [
      'a weak key',
      () => ({ jwt_authorities: [jwt({ key_id: 'w', public_key: publicKeyInfoOf(weak.publicKey) })] }),
      /JWT authority 1/,
    ],
    [
      'a point off its curve',
      () => ({ jwt_authorities: [jwt({ key_id: 'p', public_key: notOnCurve })] }),
      /JWT authority 1/,
    ],
    ...['-1', '9223372036854775807', '8640000000001'].map(
      (expires_at) =>
        [
          `a JWT authority that expires at ${expires_at}`,
          () => ({ jwt_authorities: [jwt({ key_id: 'x', expires_at })] }),
          /expires_at is no instant/,
        ] as [string, () => Partial<Bundle__Output>, RegExp],
    ),
  ];
  for (const [name, change, problem] of odd) {
    it(`is followed without ${name}, which a server below may have published; that is said once`, async () => {
      const log = new RecordingLogger();
      const reader = new BundleReader({ trustDomain, log });
      const { x509_authorities = [], jwt_authorities = [] } = await change();
      const sent = bundle({
        x509_authorities: [x509(root.certificate.raw), ...x509_authorities],
        jwt_authorities: [jwt(), ...jwt_authorities],
      });
      for (let round = 0; round < 2; round++) {
        const { x509Authorities, jwtAuthorities } = reader.read(sent);
        assert.deepEqual(x509Authorities, [{ certificate: root.certificate.raw, tainted: false }]);
        assert.deepEqual(jwtAuthorities, [
          { keyId: 'k', publicKey: key, expiresAt: new Date(1_900_000_000_000), tainted: false },
        ]);
      }
      assert.equal(log.messages('warn').length, 1);
      assert.match(JSON.stringify(log), problem);
    });
  }

  it('is followed up to 768 JWT authorities, whoever publishes more', () => {
    const reader = new BundleReader({ trustDomain, log: new RecordingLogger() });
    const many = Array.from({ length: 10_000 }, (_, index) => jwt({ key_id: `k${index}` }));
    const { x509Authorities, jwtAuthorities } = reader.read(bundle({ jwt_authorities: many }));
    assert.equal(x509Authorities.length, 1);
    assert.equal(jwtAuthorities.length, 768);
  });
});
