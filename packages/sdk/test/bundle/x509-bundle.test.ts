import assert from 'node:assert/strict';
import { generateKeyPair } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isSpiffeError, TrustDomain, X509Bundle, X509BundleSet } from '@credence/sdk';
import { TestCa } from '@credence/sdk/testing';
import { temporaryDirectory } from '../support/temporary-directory.js';

const a = TrustDomain.parse('a.test');

describe('X509Bundle', () => {
  it('round-trips through PEM and DER', async () => {
    const ca = await TestCa.create(a);
    await ca.rotate();
    const bundle = ca.bundle();
    assert.equal(bundle.authorities.length, 2);
    assert.ok(X509Bundle.parsePem(a, bundle.toPem()).equals(bundle));
    assert.ok(X509Bundle.parseDer(a, bundle.toDer()).equals(bundle));
  });

  it('holds each authority once, and equals in any order', async () => {
    const [one, two] = [(await TestCa.create(a)).certificate, (await TestCa.create(a)).certificate];
    const bundle = X509Bundle.fromCertificates(a, [one, two, one]);
    assert.deepEqual(bundle.authorities, [one, two]);
    assert.ok(bundle.equals(X509Bundle.fromCertificates(a, [two, one])));
    assert.ok(!bundle.equals(X509Bundle.fromCertificates(a, [one])));
    assert.ok(!bundle.equals(X509Bundle.fromCertificates(TrustDomain.parse('b.test'), [one, two])));
    assert.ok(bundle.has(one) && !X509Bundle.fromCertificates(a, [one]).has(two));
  });

  it('is empty for no bytes, but refuses a PEM text without a certificate', () => {
    assert.deepEqual(X509Bundle.parseDer(a, Buffer.alloc(0)).authorities, []);
    assert.throws(
      () => X509Bundle.parsePem(a, 'nothing'),
      (error) => isSpiffeError(error, 'ERR_SPIFFE_BUNDLE'),
    );
  });

  it('adds and removes without changing itself', async () => {
    const [one, two] = [(await TestCa.create(a)).certificate, (await TestCa.create(a)).certificate];
    const bundle = X509Bundle.fromCertificates(a, [one]);
    assert.deepEqual(bundle.with(two).authorities, [one, two]);
    assert.deepEqual(bundle.with(two).without(one).authorities, [two]);
    assert.deepEqual(bundle.authorities, [one]);
  });

  it('loads a file', async () => {
    await using directory = await temporaryDirectory();
    const bundle = (await TestCa.create(a)).bundle();
    const file = join(directory.path, 'bundle.pem');
    await writeFile(file, bundle.toPem());
    assert.ok((await X509Bundle.load(a, file)).equals(bundle));
    await assert.rejects(X509Bundle.load(a, join(directory.path, 'absent')), { code: 'ENOENT' });
  });

  it('refuses the whole when one certificate does not parse, and names the trust domain', async () => {
    const der = (await TestCa.create(a)).bundle().toDer();
    X509Bundle.parseDer(a, der);
    assert.throws(
      () => X509Bundle.parseDer(a, Buffer.concat([der, Buffer.of(0x30, 0)])),
      (error) => isSpiffeError(error, 'ERR_SPIFFE_BUNDLE') && error.message.includes('a.test'),
    );
  });
});

describe('X509Bundle.parseUsable', () => {
  it('leaves out and reports the authority that does not parse, where parseDer refuses the whole', async () => {
    const ca = await TestCa.create(a);
    const { privateKey: key } = await promisify(generateKeyPair)('ec', { namedCurve: 'secp256k1' });
    const { chain } = await ca.credential('/odd', { key });
    const der = Buffer.concat([ca.bundle().toDer(), ...chain, Buffer.of(0x30, 0)]);
    const problems: string[] = [];
    const bundle = X509Bundle.parseUsable(a, der, ({ code, message }) => problems.push(`${code} ${message}`));
    assert.ok(bundle.equals(ca.bundle()));
    assert.equal(problems.length, 2);
    assert.match(
      problems[0] ?? '',
      /^ERR_SPIFFE_BUNDLE bundle of a.test: authority 1 is not used: public key has the curve/,
    );
    assert.match(problems[1] ?? '', /authority 2 is not used: /);
  });

  for (const [what, broken] of [
    ['cut short', (der: Buffer) => der.subarray(0, -1)],
    ['not a row of sequences', (der: Buffer) => Buffer.concat([der, Buffer.of(0x04, 0)])],
  ] as const) {
    it(`refuses bytes that are ${what}`, async () => {
      const der = (await TestCa.create(a)).bundle().toDer();
      assert.equal(X509Bundle.parseUsable(a, der, never).authorities.length, 1);
      assert.throws(() => X509Bundle.parseUsable(a, broken(der), never), { code: 'ERR_SPIFFE_BUNDLE' });
    });
  }
});

describe('X509BundleSet', () => {
  it('gives the bundle of exactly the trust domain asked for, or ERR_SPIFFE_NO_BUNDLE', async () => {
    const bundle = (await TestCa.create(a)).bundle();
    const set = X509BundleSet.of(bundle);
    assert.equal(set.getX509BundleForTrustDomain(a), bundle);
    for (const name of ['b.test', 'x.a.test', 'a.test.', 'constructor', '__proto__']) {
      assert.throws(
        () => set.getX509BundleForTrustDomain(TrustDomain.parse(name)),
        (error) => isSpiffeError(error, 'ERR_SPIFFE_NO_BUNDLE'),
      );
    }
  });

  it('adds, replaces and withdraws without changing itself', async () => {
    const [first, second] = [(await TestCa.create(a)).bundle(), (await TestCa.create(a)).bundle()];
    const set = X509BundleSet.of(first);
    assert.equal(set.with(second).get(a), second);
    assert.equal(set.without(a).has(a), false);
    assert.equal(set.get(a), first);
    assert.ok(set.equals(X509BundleSet.of(first)) && !set.equals(set.with(second)) && !set.equals(set.without(a)));
  });
});

function never(): never {
  throw new Error('nothing was to be reported');
}
