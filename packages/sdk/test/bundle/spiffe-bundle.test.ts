import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { SpiffeBundle, SpiffeBundleSet, TrustDomain } from '@credence/sdk';
import { TestCa } from '@credence/sdk/testing';
import { temporaryDirectory } from '../support/temporary-directory.js';

const a = TrustDomain.parse('a.test');
const b = TrustDomain.parse('b.test');

const sequences = fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { nil: undefined });
const hints = fc.option(fc.nat(2 ** 31 - 1), { nil: undefined });

describe('SpiffeBundle', () => {
  let whole: SpiffeBundle;
  before(async () => {
    const ca = await TestCa.create(a);
    await ca.rotate({ keyType: 'ec-p384' });
    await ca.rotate({ keyType: 'rsa-2048' });
    whole = ca.spiffeBundle();
  });

  it('round-trips through its document, with any sequence number and refresh hint', () => {
    fc.assert(
      fc.property(sequences, hints, fc.nat(3), fc.nat(3), (sequenceNumber, seconds, x509Count, jwtCount) => {
        let { x509, jwt } = whole;
        for (const certificate of x509.authorities.slice(x509Count)) x509 = x509.without(certificate);
        for (const { keyId } of jwt.authorities.slice(jwtCount)) jwt = jwt.without(keyId);
        const refreshHintMs = seconds === undefined ? undefined : seconds * 1000;
        const bundle = SpiffeBundle.of({ trustDomain: a, x509, jwt, sequenceNumber, refreshHintMs });
        const again = SpiffeBundle.parse(a, bundle.toJson());
        assert.ok(again.equals(bundle));
        assert.deepEqual([again.x509.authorities.length, again.jwt.authorities.length], [x509Count, jwtCount]);
        assert.equal(again.toJson(), bundle.toJson());
      }),
    );
  });

  it('equals by trust domain, authorities, sequence number and refresh hint', () => {
    const bundle = whole.with({ sequenceNumber: 1n, refreshHintMs: 1000 });
    assert.ok(bundle.equals(whole.with({ sequenceNumber: 1n, refreshHintMs: 1000 })));
    for (const other of [
      bundle.with({ sequenceNumber: 2n }),
      bundle.with({ sequenceNumber: undefined }),
      bundle.with({ refreshHintMs: 2000 }),
      SpiffeBundle.of({ trustDomain: a, x509: whole.x509, sequenceNumber: 1n, refreshHintMs: 1000 }),
      SpiffeBundle.of({ trustDomain: a, jwt: whole.jwt, sequenceNumber: 1n, refreshHintMs: 1000 }),
    ]) {
      assert.ok(!bundle.equals(other) && !other.equals(bundle));
    }
    assert.ok(!SpiffeBundle.of({ trustDomain: a }).equals(SpiffeBundle.of({ trustDomain: b })));
  });

  it('refuses numbers that its document could not carry', () => {
    assert.ok(whole.with({ sequenceNumber: 2n ** 64n - 1n, refreshHintMs: 0 }));
    for (const sequenceNumber of [-1n, 2n ** 64n]) assert.throws(() => whole.with({ sequenceNumber }), TypeError);
    for (const refreshHintMs of [-1000, 1, 1500, Number.NaN, Infinity]) {
      assert.throws(() => whole.with({ refreshHintMs }), TypeError);
    }
  });

  it('reports what it leaves out, by index and reason', () => {
    const problems: string[] = [];
    const keys = [{ use: 'wit-svid' }, 7, { use: 'jwt-svid', kty: 'EC', kid: 'k', d: 'secret' }];
    const document = JSON.stringify({ keys, spiffe_refresh_hint: '60' });
    SpiffeBundle.parse(a, document, ({ code, message }) => problems.push(`${code} ${message}`));
    assert.deepEqual(problems, [
      'ERR_SPIFFE_BUNDLE bundle of a.test: key 0 is not used: its "use" is neither "x509-svid" nor "jwt-svid"',
      'ERR_SPIFFE_BUNDLE bundle of a.test: key 1 is not used: expected a JSON object',
      'ERR_SPIFFE_BUNDLE bundle of a.test: key 2 is not used: JSON Web Key carries private key members',
      'ERR_SPIFFE_BUNDLE bundle of a.test: "spiffe_refresh_hint" is not used: expected an integer number of seconds',
    ]);
  });

  it('loads a file', async () => {
    await using directory = await temporaryDirectory();
    const file = join(directory.path, 'bundle.json');
    await writeFile(file, whole.toJson());
    assert.ok((await SpiffeBundle.load(a, file)).equals(whole));
  });
});

describe('SpiffeBundleSet', () => {
  it('is a source of bundles of every kind, each of exactly the trust domain asked for', async () => {
    const ca = await TestCa.create(a);
    const bundle = ca.spiffeBundle();
    const set = SpiffeBundleSet.of(bundle);
    assert.equal(set.getSpiffeBundleForTrustDomain(a), bundle);
    assert.equal(set.getX509BundleForTrustDomain(a), bundle.x509);
    assert.equal(set.getJwtBundleForTrustDomain(a), bundle.jwt);
    for (const get of [
      () => set.getSpiffeBundleForTrustDomain(b),
      () => set.getX509BundleForTrustDomain(b),
      () => set.getJwtBundleForTrustDomain(b),
    ]) {
      assert.throws(get, { code: 'ERR_SPIFFE_NO_BUNDLE' });
    }
  });

  it('round-trips through a bundle map but for refresh hints, adds and withdraws', async () => {
    const [one, two] = [
      (await TestCa.create(a)).spiffeBundle({ sequenceNumber: 5n }),
      (await TestCa.create(b)).spiffeBundle(),
    ];
    const set = SpiffeBundleSet.of(one).with(two);
    assert.ok(SpiffeBundleSet.parse(set.toJson()).equals(set));
    assert.ok(set.without(b).equals(SpiffeBundleSet.of(one)) && !set.without(a).has(a));
    assert.ok(
      SpiffeBundleSet.parse(SpiffeBundleSet.of(one.with({ refreshHintMs: 1000 })).toJson()).equals(set.without(b)),
    );
  });
});
