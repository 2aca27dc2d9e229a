import assert from 'node:assert/strict';
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { SpiffeError, X509Bundle } from '@credence/sdk';
import { generateKey } from '@credence/sdk/keys';
import { TestCa, type TestCertificateOptions } from '@credence/sdk/testing';
import type { X509SVIDResponse__Output } from '@credence/sdk/wire/gen/X509SVIDResponse.js';
import type { X509SVID__Output } from '@credence/sdk/wire/gen/X509SVID.js';
import { defaultLimits } from '../../dist/workloadapi/response-fields.js';
import { parseX509Bundles, parseX509Context, type X509Context } from '../../dist/workloadapi/x509-context.js';
import { x509SvidResponse } from '../../dist/testing/workload-api-messages.js';

const now = new Date();
const newKeyPair = promisify(generateKeyPair);

describe('an X.509 response of the Workload API', () => {
  let ca: TestCa;
  let federated: TestCa;
  let response: X509SVIDResponse__Output;
  let reports: string[];

  const parse = (message: X509SVIDResponse__Output): X509Context =>
    parseX509Context(message, {
      now,
      limits: defaultLimits,
      report: ({ code, message: text }) => reports.push(`${code} ${text}`),
    });

  before(async () => {
    ca = await TestCa.create('example.org');
    federated = await TestCa.create('other.test');
  });
  beforeEach(async () => {
    reports = [];
    const svids = [await ca.x509Svid('/a', { hint: 'x' }), await ca.x509Svid('/b')];
    response = { crl: [], ...x509SvidResponse(svids, [ca.bundle(), federated.bundle()]) } as X509SVIDResponse__Output;
  });

  const withSvid = (change: Partial<X509SVID__Output>): X509SVIDResponse__Output => ({
    ...response,
    svids: [{ ...response.svids[0]!, ...change }, response.svids[1]!],
  });
  const refuses = (changed: X509SVIDResponse__Output, message: RegExp): void => {
    assert.ok(parse(response));
    assert.throws(
      () => parse(changed),
      (error) => error instanceof SpiffeError && message.test(error.message),
    );
  };

  it('is read as a whole', () => {
    const context = parse({ ...response, crl: [Buffer.from('crl')] });
    assert.deepEqual(
      context.svids.map(({ id }) => id.path),
      ['/a', '/b'],
    );
    assert.ok(context.bundles.get(federated.trustDomain)?.equals(federated.bundle()));
    assert.deepEqual(context.crls, [Buffer.from('crl')]);
  });

  it('EV-42: forgets what a later response leaves out (Workload API §4.4)', () => {
    const context = parse({ svids: [response.svids[1]!], crl: [], federated_bundles: {} });
    assert.equal(context.svids.length, 1);
    assert.ok(!context.bundles.has(federated.trustDomain));
    assert.ok(!context.equals(parse(response)));
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
    { name: 'is not yet valid', options: { notBefore: new Date(now.getTime() + hour / 2) } },
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

  const expired = async (path: string): Promise<Partial<X509SVID__Output>> => {
    const svid = await ca.x509Svid(path, {
      notBefore: new Date(now.getTime() - 2 * hour),
      notAfter: new Date(now.getTime() - hour),
    });
    return { x509_svid: svid.certChainDer(), x509_svid_key: svid.privateKeyDer() };
  };

  it('EV-38, EV-39: is used without the SVIDs that have expired, which are reported', async () => {
    const context = parse(withSvid(await expired('/a')));
    assert.deepEqual(
      context.svids.map(({ id }) => id.path),
      ['/b'],
    );
    assert.equal(reports.length, 1);
    assert.match(reports[0] ?? '', /^ERR_SPIFFE_RESPONSE svids\[0\] .*example.org\/a.*expired/);
  });

  it('EV-38: is discarded when every SVID has expired', async () => {
    const svids = [{ ...response.svids[0]!, ...(await expired('/a')) }];
    refuses({ ...response, svids }, /svids\[0\].*expired/);
    assert.deepEqual(reports, []);
  });

  const oddKeys = [
    { name: 'RSA of 1024 bits', make: () => newKeyPair('rsa', { modulusLength: 1024 }) },
    { name: 'RSA-PSS', make: () => newKeyPair('rsa-pss', { modulusLength: 2048 }) },
    { name: 'P-224', make: () => newKeyPair('ec', { namedCurve: 'secp224r1' }) },
    { name: 'secp256k1', make: () => newKeyPair('ec', { namedCurve: 'secp256k1' }) },
    { name: 'a Brainpool curve', make: () => newKeyPair('ec', { namedCurve: 'brainpoolP256r1' }) },
    { name: 'Ed448', make: () => newKeyPair('ed448') },
  ];
  const authority = async (options: TestCertificateOptions): Promise<Buffer> =>
    (await federated.credential('/root', { basicConstraints: { ca: true }, ...options })).chain[0]!;

  for (const { name, make } of oddKeys) {
    it(`is used without an authority whose key is ${name}, which is reported`, async () => {
      const odd = await authority({ key: (await make()).privateKey });
      const der = Buffer.concat([odd, federated.bundle().toDer()]);
      const context = parse({ ...response, federated_bundles: { 'spiffe://other.test': der } });
      assert.equal(context.svids.length, 2);
      assert.ok(context.bundles.get(federated.trustDomain)?.equals(federated.bundle()));
      assert.equal(reports.length, 1);
      assert.match(reports[0] ?? '', /^ERR_SPIFFE_BUNDLE bundle of other.test: authority 0 is not used: public key/);
    });
  }

  it('is used without an authority that breaks RFC 5280, even when its bundle is then empty', async () => {
    const odd = withTwoAlgorithms(await authority({}));
    assert.throws(() => X509Bundle.parseDer(federated.trustDomain, odd), { code: 'ERR_SPIFFE_BUNDLE' });
    const context = parse({ ...response, federated_bundles: { 'spiffe://other.test': odd } });
    assert.deepEqual(context.bundles.get(federated.trustDomain)?.authorities, []);
    assert.match(reports.join(), /two signature algorithms/);
    const bundles = parseX509Bundles(
      { bundles: { 'spiffe://other.test': odd }, crl: [] },
      { now, limits: defaultLimits, report: ({ message }) => reports.push(message) },
    );
    assert.deepEqual(bundles.get(federated.trustDomain)?.authorities, []);
    assert.equal(reports.length, 2);
  });

  it('drops an odd authority of its own trust domain too, once, and is discarded when none is left', async () => {
    const odd = withTwoAlgorithms(await authority({}));
    const withBundle = (bundle: Buffer): X509SVIDResponse__Output => ({
      ...response,
      svids: response.svids.map((svid) => ({ ...svid, bundle })),
    });
    const context = parse(withBundle(Buffer.concat([odd, ca.bundle().toDer()])));
    assert.ok(context.bundles.get(ca.trustDomain)?.equals(ca.bundle()));
    assert.equal(reports.length, 1);
    refuses(withBundle(odd), /authority/);
  });

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
    const context = parse({ ...response, svids: [first!, second!] });
    assert.deepEqual(
      context.svids.map(({ id }) => id.path),
      ['/a'],
    );
  });

  it('prefers the own bundle over a federated one of the same trust domain', async () => {
    const stranger = await TestCa.create('example.org');
    const federated_bundles = { 'spiffe://example.org': stranger.bundle().toDer() };
    const context = parse({ ...response, federated_bundles });
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
    assert.throws(() => parseX509Bundles({ bundles: {}, crl: [] }, { now, limits: defaultLimits, report: never }), {
      code: 'ERR_SPIFFE_RESPONSE',
    });
  });
});

/** A certificate that names another signature algorithm outside than inside (RFC 5280 §4.1.1.2). */
function withTwoAlgorithms(der: Buffer): Buffer {
  const ecdsaWithSha256 = Buffer.from('2a8648ce3d040302', 'hex');
  const changed = Buffer.from(der);
  changed[changed.lastIndexOf(ecdsaWithSha256) + ecdsaWithSha256.length - 1] = 3;
  return changed;
}

function never(): never {
  throw new Error('nothing was to be reported');
}
