import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPair, type JsonWebKey } from 'node:crypto';
import { promisify } from 'node:util';
import {
  fitsJwsAlgorithm,
  generateKey,
  importJwk,
  isJwsAlgorithm,
  jwsAlgorithms,
  publicJwkOf,
  publicKeyInfoOf,
} from '@credence/sdk/keys';

const makePair = promisify(generateKeyPair);
const refused = { code: 'ERR_SPIFFE_KEY' };
const members = (jwk: JsonWebKey): Record<string, unknown> => ({ ...jwk });

describe('importJwk', () => {
  for (const [what, make] of [
    ['P-256', () => makePair('ec', { namedCurve: 'P-256' })],
    ['P-384', () => makePair('ec', { namedCurve: 'P-384' })],
    ['P-521', () => makePair('ec', { namedCurve: 'P-521' })],
    ['RSA', () => makePair('rsa', { modulusLength: 2048 })],
  ] as const) {
    it(`reads what publicJwkOf writes of ${what}, and what other members are beside it`, async () => {
      const { publicKey, privateKey } = await make();
      const jwk = publicJwkOf(publicKey);
      assert.deepEqual(publicKeyInfoOf(importJwk(jwk)), publicKeyInfoOf(publicKey));
      assert.deepEqual(publicJwkOf(privateKey), jwk, 'of a private key the public half');
      assert.ok(importJwk({ ...jwk, kid: 'k', use: 'sig', x5c: [7] }));
    });

    it(`refuses ${what} with its private members, and the message has none of them`, async () => {
      const jwk = members((await make()).privateKey.export({ format: 'jwk' }));
      assert.throws(
        () => importJwk(jwk),
        (error: Error) => error.message.includes('private') && !error.message.includes(String(jwk['d'])),
      );
    });
  }

  it('refuses keys that are too short, of other types, or incomplete', async () => {
    const ec = publicJwkOf(await generateKey('ec-p256'));
    const weak = members((await makePair('rsa', { modulusLength: 1024 })).publicKey.export({ format: 'jwk' }));
    const ed25519 = members((await makePair('ed25519')).publicKey.export({ format: 'jwk' }));
    const k256 = members((await makePair('ec', { namedCurve: 'secp256k1' })).publicKey.export({ format: 'jwk' }));
    for (const jwk of [weak, ed25519, k256, {}, { kty: 'EC' }, { ...ec, x: 7 }, { ...ec, crv: 'P-384' }]) {
      assert.throws(() => importJwk(jwk), refused);
    }
  });

  it('does not disturb the import that comes next', async () => {
    const key = createPublicKey(await generateKey('ec-p256'));
    const jwk = publicJwkOf(key);
    for (let i = 0; i < 10; i++) {
      assert.throws(() => importJwk({ ...jwk, y: jwk['x'] }), refused);
      assert.ok(publicKeyInfoOf(importJwk(jwk)).equals(publicKeyInfoOf(key)));
    }
  });
});

describe('JWS algorithms (JWT-SVID §2.1)', () => {
  it('are nine, by exact name', () => {
    assert.deepEqual(
      [...jwsAlgorithms].sort(),
      ['ES', 'PS', 'RS'].flatMap((family) => ['256', '384', '512'].map((bits) => family + bits)),
    );
    for (const name of ['none', 'es256', 'HS256', 'EdDSA', '', 'constructor', '__proto__', undefined, 7, ['ES256']]) {
      assert.equal(isJwsAlgorithm(name), false);
    }
  });

  it('fit keys of their type and curve alone (RFC 7518 §§3.3–3.5)', async () => {
    const fitting = async (make: Promise<{ publicKey: Parameters<typeof fitsJwsAlgorithm>[0] }>): Promise<string> => {
      const { publicKey } = await make;
      return jwsAlgorithms.filter((algorithm) => fitsJwsAlgorithm(publicKey, algorithm)).join();
    };
    assert.equal(await fitting(makePair('rsa', { modulusLength: 2048 })), 'RS256,RS384,RS512,PS256,PS384,PS512');
    assert.equal(await fitting(makePair('ec', { namedCurve: 'P-256' })), 'ES256');
    assert.equal(await fitting(makePair('ec', { namedCurve: 'P-384' })), 'ES384');
    assert.equal(await fitting(makePair('ec', { namedCurve: 'P-521' })), 'ES512');
    assert.equal(await fitting(makePair('ec', { namedCurve: 'secp256k1' })), '');
    assert.equal(await fitting(makePair('rsa-pss', { modulusLength: 2048 })), '');
    assert.equal(await fitting(makePair('ed25519')), '');
  });
});
