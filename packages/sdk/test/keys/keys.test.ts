import assert from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { isSpiffeError } from '@credence/sdk';
import {
  checkPublicKeyInfo,
  exportPrivateKey,
  generateKey,
  importPublicKey,
  isKeyPair,
  parsePrivateKey,
  publicKeyInfoOf,
  subjectKeyId,
} from '@credence/sdk/keys';

const makePair = promisify(generateKeyPair);
const has = (code: string, text: RegExp) => (error: unknown) => isSpiffeError(error, code) && text.test(error.message);

describe('generated keys', () => {
  for (const [type, kind] of [
    ['ec-p256', 'p-256'],
    ['ec-p384', 'p-384'],
    ['rsa-2048', 'rsa'],
    ['rsa-4096', 'rsa'],
  ] as const) {
    it(`${type}: survives PKCS#8, is its own pair, and is an accepted public key`, async () => {
      const key = await generateKey(type);
      const info = publicKeyInfoOf(key);
      assert.ok(parsePrivateKey(exportPrivateKey(key)).equals(key));
      assert.equal(checkPublicKeyInfo(info), kind);
      assert.deepEqual(publicKeyInfoOf(importPublicKey(info)), info);
      assert.ok(isKeyPair(info, key));
      assert.ok(!isKeyPair(info, await generateKey('ec-p256')));
    });
  }
});

describe('isKeyPair', () => {
  it('is false for keys of different types, and disturbs no later import', async () => {
    const [rsa, ec] = [await generateKey('rsa-2048'), await generateKey('ec-p256')];
    assert.ok(!isKeyPair(publicKeyInfoOf(rsa), ec));
    assert.ok(parsePrivateKey(exportPrivateKey(ec)).equals(ec));
  });
});

describe('subjectKeyId', () => {
  it('is SHA-1 over the bits of the key, without the count of unused bits (RFC 5280 §4.2.1.2)', async () => {
    const p256 = publicKeyInfoOf(await generateKey('ec-p256'));
    const p384 = publicKeyInfoOf(await generateKey('ec-p384'));
    assert.deepEqual(subjectKeyId(p256), createHash('sha1').update(p256.subarray(-65)).digest());
    assert.deepEqual(subjectKeyId(p384), createHash('sha1').update(p384.subarray(-97)).digest());
  });
});

describe('public keys', () => {
  it('accepts P-521 and Ed25519', async () => {
    const p521 = await makePair('ec', { namedCurve: 'P-521' });
    const ed25519 = await makePair('ed25519');
    assert.equal(checkPublicKeyInfo(publicKeyInfoOf(p521.publicKey)), 'p-521');
    assert.equal(checkPublicKeyInfo(publicKeyInfoOf(ed25519.publicKey)), 'ed25519');
  });

  const weak: readonly (readonly [title: string, make: () => Promise<{ publicKey: KeyObject }>, text: RegExp])[] = [
    ['RSA of 1024 bits', () => makePair('rsa', { modulusLength: 1024 }), /RSA of 1024 bits.*2048 to 8192/],
    ['an RSA-PSS key', () => makePair('rsa-pss', { modulusLength: 2048 }), /algorithm 1\.2\.840\.113549\.1\.1\.10/],
    ['P-224', () => makePair('ec', { namedCurve: 'secp224r1' }), /curve 1\.3\.132\.0\.33.*P-256/],
    ['secp256k1', () => makePair('ec', { namedCurve: 'secp256k1' }), /curve 1\.3\.132\.0\.10/],
    ['Ed448', () => makePair('ed448'), /algorithm 1\.3\.101\.113/],
    [
      'explicit curve parameters (RFC 5480 §2.1.1)',
      () => makePair('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }),
      /no named curve/,
    ],
  ];
  for (const [title, make, text] of weak) {
    it(`refuses ${title}`, async () => {
      const { publicKey } = await make();
      assert.throws(() => checkPublicKeyInfo(publicKeyInfoOf(publicKey)), has('ERR_SPIFFE_KEY', text));
    });
  }

  it('refuses a P-256 point that is not on the curve', async () => {
    const info = Buffer.from(publicKeyInfoOf(await generateKey('ec-p256')));
    importPublicKey(info);
    info[info.length - 1]! ^= 1;
    assert.throws(() => importPublicKey(info), has('ERR_SPIFFE_KEY', /not a valid key/));
  });

  it('refuses a compressed point', async () => {
    const info = publicKeyInfoOf(await generateKey('ec-p256'));
    const compressed = Buffer.concat([info.subarray(0, 26), Buffer.of(2), info.subarray(27, 59)]);
    compressed[1]! -= 32;
    compressed[24]! -= 32;
    assert.throws(() => checkPublicKeyInfo(compressed), has('ERR_SPIFFE_KEY', /uncompressed/));
  });

  it('throws only its own errors on mutated keys', async () => {
    const infos = [
      publicKeyInfoOf(await generateKey('ec-p384')),
      publicKeyInfoOf(await generateKey('rsa-2048')),
      publicKeyInfoOf((await makePair('ed25519')).publicKey),
    ];
    fc.assert(
      fc.property(fc.constantFrom(...infos), fc.nat(), fc.nat(255), (info, position, octet) => {
        const mutated = Buffer.from(info);
        mutated[position % Math.min(60, info.length)] = octet;
        try {
          checkPublicKeyInfo(mutated);
          subjectKeyId(mutated);
        } catch (error) {
          assert.ok(isSpiffeError(error), String(error));
        }
      }),
    );
  });
});

describe('parsePrivateKey', () => {
  const refused: readonly (readonly [
    title: string,
    encode: (ec: KeyObject, rsa: KeyObject) => Buffer,
    text: RegExp,
  ])[] = [
    ['PEM', (ec) => Buffer.from(ec.export({ type: 'pkcs8', format: 'pem' })), /it is PEM/],
    ['SEC 1', (ec) => ec.export({ type: 'sec1', format: 'der' }), /SEC 1/],
    ['PKCS#1', (_, rsa) => rsa.export({ type: 'pkcs1', format: 'der' }), /PKCS#1/],
    [
      'an encrypted key',
      (ec) => ec.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'secret' }),
      /encrypted/,
    ],
    ['trailing bytes', (ec) => Buffer.concat([exportPrivateKey(ec), Buffer.of(0)]), /trailing bytes/],
    ['a key that is cut off', (ec) => exportPrivateKey(ec).subarray(0, -1), /longer than the bytes/],
    ['no bytes', () => Buffer.alloc(0), /missing/],
  ];
  for (const [title, encode, text] of refused) {
    it(`refuses ${title}, and says nothing of the key`, async () => {
      const [ec, rsa] = [await generateKey('ec-p256'), await generateKey('rsa-2048')];
      assert.throws(() => parsePrivateKey(encode(ec, rsa)), has('ERR_SPIFFE_ENCODING', text));
    });
  }

  it('is not disturbed by an error that another call left with OpenSSL', async () => {
    const [rsa, ec] = [await generateKey('rsa-2048'), await generateKey('ec-p256')];
    assert.ok(!createPublicKey(rsa).equals(createPublicKey(ec)));
    assert.ok(parsePrivateKey(exportPrivateKey(ec)).equals(ec));
  });

  it('refuses a weak key', async () => {
    const { privateKey } = await makePair('rsa', { modulusLength: 1024 });
    assert.throws(() => parsePrivateKey(exportPrivateKey(privateKey)), has('ERR_SPIFFE_KEY', /1024/));
  });

  it('throws only its own errors on mutated keys, without a cause that could carry key bytes', async () => {
    const der = exportPrivateKey(await generateKey('ec-p256'));
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.nat(255), (position, octet) => {
        const mutated = Buffer.from(der);
        mutated[position] = octet;
        try {
          parsePrivateKey(mutated);
        } catch (error) {
          assert.ok(isSpiffeError(error) && error.cause === undefined, String(error));
        }
      }),
    );
  });
});
