import assert from 'node:assert/strict';
import { SpiffeError } from '@credence/sdk';
import { generateKey } from '@credence/sdk/keys';
import { TestCa } from '@credence/sdk/testing';
import type { X509SVIDResponse__Output } from '@credence/sdk/wire/gen/X509SVIDResponse.js';
import type { X509SVID__Output } from '@credence/sdk/wire/gen/X509SVID.js';
import { parseX509Bundles, parseX509Context } from '../../dist/workloadapi/x509-context.js';
import { x509SvidResponse } from '../../dist/testing/workload-api-messages.js';

const now = new Date();

describe('an X.509 response of the Workload API', () => {
  let ca: TestCa;
  let federated: TestCa;
  let response: X509SVIDResponse__Output;

  before(async () => {
    ca = await TestCa.create('example.org');
    federated = await TestCa.create('other.test');
  });
  beforeEach(async () => {
    const svids = [await ca.x509Svid('/a', { hint: 'x' }), await ca.x509Svid('/b')];
    response = { crl: [], ...x509SvidResponse(svids, [ca.bundle(), federated.bundle()]) } as X509SVIDResponse__Output;
  });

  const withSvid = (change: Partial<X509SVID__Output>): X509SVIDResponse__Output => ({
    ...response,
    svids: [{ ...response.svids[0]!, ...change }, response.svids[1]!],
  });
  const refuses = (changed: X509SVIDResponse__Output, message: RegExp): void => {
    assert.ok(parseX509Context(response, now));
    assert.throws(
      () => parseX509Context(changed, now),
      (error) => error instanceof SpiffeError && message.test(error.message),
    );
  };

  it('is read as a whole', () => {
    const context = parseX509Context({ ...response, crl: [Buffer.from('crl')] }, now);
    assert.deepEqual(
      context.svids.map(({ id }) => id.path),
      ['/a', '/b'],
    );
    assert.ok(context.bundles.get(federated.trustDomain)?.equals(federated.bundle()));
    assert.deepEqual(context.crls, [Buffer.from('crl')]);
  });

  it('EV-42: forgets what a later response leaves out (Workload API §4.4)', () => {
    const context = parseX509Context({ svids: [response.svids[1]!], crl: [], federated_bundles: {} }, now);
    assert.equal(context.svids.length, 1);
    assert.ok(!context.bundles.has(federated.trustDomain));
    assert.ok(!context.equals(parseX509Context(response, now)));
    assert.ok(context.equals(context));
  });

  it('EV-35: is discarded without SVIDs (Workload API §4.5)', () => {
    refuses({ ...response, svids: [] }, /svids is empty/);
  });
  for (const field of ['spiffe_id', 'x509_svid', 'x509_svid_key', 'bundle'] as const) {
    it(`EV-35: is discarded when ${field} is empty (Workload API §4.5)`, () => {
      refuses(withSvid({ [field]: field === 'spiffe_id' ? '' : Buffer.alloc(0) }), new RegExp(`svids\\[0\\].${field}`));
    });
  }

  it('EV-36: is discarded when spiffe_id is not the ID of the certificate', () => {
    refuses(withSvid({ spiffe_id: 'spiffe://example.org/other' }), /spiffe_id is/);
  });

  it('EV-37: is discarded when the key is not the one of the certificate, or not PKCS#8', async () => {
    const other = await generateKey('ec-p256');
    refuses(withSvid({ x509_svid_key: other.export({ type: 'pkcs8', format: 'der' }) }), /does not belong/);
    for (const wrong of [
      other.export({ type: 'sec1', format: 'der' }),
      Buffer.from(other.export({ type: 'pkcs8', format: 'pem' })),
      other.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'x' }),
    ]) {
      refuses(withSvid({ x509_svid_key: wrong }), /PKCS#8/);
    }
  });

  const hour = 3_600_000;
  const bad = [
    {
      name: 'is expired',
      options: { notBefore: new Date(now.getTime() - 2 * hour), notAfter: new Date(now.getTime() - hour) },
    },
    { name: 'has two URIs', options: { uris: ['spiffe://example.org/a', 'spiffe://example.org/b'] } },
    { name: 'is a CA', options: { basicConstraints: { ca: true } } },
  ];
  for (const { name, options } of bad) {
    it(`EV-38, EV-39: is discarded when one SVID of several ${name}`, async () => {
      const { chain, privateKey } = await ca.credential('/a', options);
      const x509_svid_key = privateKey.export({ type: 'pkcs8', format: 'der' });
      refuses(withSvid({ x509_svid: Buffer.concat(chain), x509_svid_key }), /./);
    });
  }

  it('EV-52: is discarded when an SVID does not chain to its own bundle', async () => {
    const stranger = await TestCa.create('example.org');
    refuses(
      { ...response, svids: response.svids.map((svid) => ({ ...svid, bundle: stranger.bundle().toDer() })) },
      /authority|signature/,
    );
    refuses(withSvid({ bundle: stranger.bundle().toDer() }), /two bundles/);
  });

  it('EV-40: takes the first of several SVIDs with one hint (Workload API §5.2.1)', () => {
    const [first, second] = response.svids.map((svid) => ({ ...svid, hint: 'same' }));
    const context = parseX509Context({ ...response, svids: [first!, second!] }, now);
    assert.deepEqual(
      context.svids.map(({ id }) => id.path),
      ['/a'],
    );
  });

  it('prefers the own bundle over a federated one of the same trust domain', async () => {
    const stranger = await TestCa.create('example.org');
    const federated_bundles = { 'spiffe://example.org': stranger.bundle().toDer() };
    const context = parseX509Context({ ...response, federated_bundles }, now);
    assert.ok(context.bundles.get(ca.trustDomain)?.equals(ca.bundle()));
  });

  it('is discarded when a key of federated_bundles is no trust domain, or a value no bundle', () => {
    const der = federated.bundle().toDer();
    refuses({ ...response, federated_bundles: { 'spiffe://other.test/x': der } }, /not a trust domain/);
    refuses({ ...response, federated_bundles: { 'Other.test': der } }, /trust domain/);
    refuses({ ...response, federated_bundles: { 'spiffe://other.test': der.subarray(1) } }, /bundle of other.test/);
    refuses({ ...response, federated_bundles: { 'spiffe://other.test': der, 'other.test': der } }, /two bundles/);
  });

  it('EV-35: of bundles alone is discarded when it holds none (Workload API §5.2.2)', () => {
    assert.throws(() => parseX509Bundles({ bundles: {}, crl: [] }), { code: 'ERR_SPIFFE_RESPONSE' });
  });
});
