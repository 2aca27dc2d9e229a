import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPair } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { JwtBundle, JwtBundleSet, TrustDomain, type JwtAuthority } from '@credence/sdk';
import { generateKey } from '@credence/sdk/keys';
import { TestCa } from '@credence/sdk/testing';
import { temporaryDirectory } from '../support/temporary-directory.js';

const a = TrustDomain.parse('a.test');
const makePair = promisify(generateKeyPair);

async function authorities(): Promise<readonly [JwtAuthority, JwtAuthority, JwtAuthority]> {
  const [one, two, rsa] = await Promise.all([generateKey('ec-p256'), generateKey('ec-p384'), generateKey('rsa-2048')]);
  return [
    { keyId: 'one', publicKey: createPublicKey(one) },
    { keyId: 'two', publicKey: createPublicKey(two) },
    { keyId: 'rsa', publicKey: createPublicKey(rsa), algorithm: 'PS256' },
  ];
}

describe('JwtBundle', () => {
  it('round-trips through a JWK Set, whatever the key IDs', async () => {
    const keys = await authorities();
    const keyIds = fc.array(fc.tuple(fc.string({ minLength: 1, unit: 'grapheme' }), fc.nat(2)), { maxLength: 8 });
    fc.assert(
      fc.property(keyIds, (chosen) => {
        const bundle = JwtBundle.fromAuthorities(
          a,
          chosen.map(([keyId, index]) => ({ ...keys[index]!, keyId })),
        );
        const again = JwtBundle.parse(a, bundle.toJwks());
        assert.ok(again.equals(bundle));
        assert.deepEqual(
          again.authorities.map(({ keyId, algorithm }) => [keyId, algorithm]),
          bundle.authorities.map(({ keyId, algorithm }) => [keyId, algorithm]),
        );
      }),
    );
  });

  it('holds each authority once, equals in any order, and finds by key ID', async () => {
    const [one, two, rsa] = await authorities();
    const bundle = JwtBundle.fromAuthorities(a, [one, two, one]);
    assert.equal(bundle.authorities.length, 2);
    assert.ok(bundle.equals(JwtBundle.fromAuthorities(a, [two, one])));
    for (const other of [
      JwtBundle.fromAuthorities(a, [one]),
      JwtBundle.fromAuthorities(a, [one, { ...two, keyId: 'else' }]),
      JwtBundle.fromAuthorities(a, [one, { ...two, publicKey: rsa.publicKey }]),
      JwtBundle.fromAuthorities(a, [one, { ...two, algorithm: 'ES384' }]),
      JwtBundle.fromAuthorities(TrustDomain.parse('b.test'), [one, two]),
    ]) {
      assert.ok(!bundle.equals(other) && !other.equals(bundle));
    }
    assert.equal(bundle.find('two'), two.publicKey);
    for (const keyId of ['One', 'three', '', '__proto__', 'constructor']) assert.equal(bundle.find(keyId), undefined);
  });

  it('adds and removes without changing itself', async () => {
    const [one, two] = await authorities();
    const bundle = JwtBundle.fromAuthorities(a, [one]);
    assert.equal(bundle.with(two).find('two'), two.publicKey);
    assert.equal(bundle.with(two).without('one').find('one'), undefined);
    assert.deepEqual(
      bundle.authorities.map(({ keyId }) => keyId),
      ['one'],
    );
    assert.throws(() => (bundle.authorities as JwtAuthority[]).push(two), TypeError);
  });

  it('takes over nothing else of an authority, and refuses keys that must not be in a bundle', async () => {
    const privateKey = await generateKey('ec-p256');
    const authority = { keyId: 'k', publicKey: createPublicKey(privateKey), privateKey };
    const [held] = JwtBundle.fromAuthorities(a, [authority]).authorities;
    assert.deepEqual(Object.keys(held ?? {}), ['keyId', 'publicKey']);
    const weak = await makePair('rsa', { modulusLength: 1024 });
    for (const publicKey of [privateKey, weak.publicKey]) {
      assert.throws(() => JwtBundle.fromAuthorities(a, [{ keyId: 'k', publicKey }]), { code: 'ERR_SPIFFE_KEY' });
    }
    assert.throws(() => JwtBundle.fromAuthorities(a, [{ ...authority, keyId: '' }]), { code: 'ERR_SPIFFE_BUNDLE' });
  });

  it('loads a file', async () => {
    await using directory = await temporaryDirectory();
    const ca = await TestCa.create(a);
    const file = join(directory.path, 'jwks.json');
    await writeFile(file, ca.jwtBundle().toJwks());
    assert.ok((await JwtBundle.load(a, file)).equals(ca.jwtBundle()));
    await assert.rejects(JwtBundle.load(a, join(directory.path, 'absent')), { code: 'ENOENT' });
  });
});

describe('JwtBundleSet', () => {
  it('gives the bundle of exactly the trust domain asked for, or ERR_SPIFFE_NO_BUNDLE', async () => {
    const bundle = (await TestCa.create(a)).jwtBundle();
    const set = JwtBundleSet.of(bundle);
    assert.equal(set.getJwtBundleForTrustDomain(a), bundle);
    for (const name of ['b.test', 'x.a.test', 'a.test.', 'constructor', '__proto__']) {
      assert.throws(() => set.getJwtBundleForTrustDomain(TrustDomain.parse(name)), { code: 'ERR_SPIFFE_NO_BUNDLE' });
    }
  });

  it('adds, replaces and withdraws without changing itself', async () => {
    const [first, second] = [(await TestCa.create(a)).jwtBundle(), (await TestCa.create(a)).jwtBundle()];
    const set = JwtBundleSet.of(first);
    assert.equal(set.with(second).get(a), second);
    assert.equal(set.without(a).has(a), false);
    assert.equal(set.get(a), first);
    assert.ok(set.equals(JwtBundleSet.of(first)) && !set.equals(set.with(second)) && !set.equals(set.without(a)));
  });
});
