import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPair } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SpiffeId } from '@credence/sdk';
import { compactVerify, decodeProtectedHeader, jwtVerify } from 'jose';
import { jwtAlgorithmOf } from '../../dist/ca/jwt-algorithm.js';
import { createJwtIssuer, now, partsOf, request, webId } from './support/jwt.js';

const second = 1000;
const keyTypes = [
  { keyType: 'ec-p256', alg: 'ES256' },
  { keyType: 'ec-p384', alg: 'ES384' },
  { keyType: 'rsa-2048', alg: 'RS256' },
  { keyType: 'rsa-4096', alg: 'RS256' },
] as const;

describe('JWT-SVIDs', () => {
  for (const { keyType, alg } of keyTypes) {
    it(`of a key of type ${keyType} are verified by an independent JOSE (JWT-1-a, JWT-2-a, JWT-2.1-a, JWT-2.2-a, JWT-2.3-a, JWT-5.1-a)`, async () => {
      const { authority, issuer } = await createJwtIssuer({ keyType });
      const { token } = issuer.issueJwtSvid(request);
      const key = createPublicKey({ key: authority.published, format: 'der', type: 'spki' });
      const { payload } = await jwtVerify(token, key, { audience: 'api', currentDate: now, algorithms: [alg] });
      assert.equal(payload.sub, webId.toString());
      assert.deepEqual(decodeProtectedHeader(token), { alg, kid: authority.id, typ: 'JWT' });
      const forged = `${token.slice(0, -6)}${token.endsWith('AAAAAA') ? 'BBBBBB' : 'AAAAAA'}`;
      await assert.rejects(compactVerify(forged, key), { code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED' });
    }).timeout(30_000);
  }

  it('are signed by keys that OpenSSL verifies with (RFC 7518 §3.3)', async () => {
    const { authority, issuer } = await createJwtIssuer({ keyType: 'rsa-2048' });
    const { token } = issuer.issueJwtSvid(request);
    const dot = token.lastIndexOf('.');
    const folder = await mkdtemp(join(tmpdir(), 'credence-jwt-'));
    try {
      const [key, signature, input] = ['key.der', 'signature', 'input'].map((name) => join(folder, name));
      await writeFile(key!, authority.published);
      await writeFile(signature!, Buffer.from(token.slice(dot + 1), 'base64url'));
      await writeFile(input!, token.slice(0, dot));
      const verify = ['dgst', '-sha256', '-verify', key!, '-keyform', 'DER', '-signature', signature!, input!];
      const { stdout } = await promisify(execFile)('openssl', verify);
      assert.equal(stdout, 'Verified OK\n');
      await writeFile(input!, `${token.slice(0, dot)}x`);
      await assert.rejects(promisify(execFile)('openssl', verify));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('say what was asked for, and nothing else (JWT-3.1-a, JWT-3.2-a, JWT-3.3-a, JWT-S-a)', async () => {
    const { issuer } = await createJwtIssuer();
    const issued = issuer.issueJwtSvid({ ...request, audience: ['api', 'https://db.example.org'], ttlSeconds: 60 });
    const iat = Math.floor(now.getTime() / second);
    assert.deepEqual(partsOf(issued.token)[1], {
      aud: ['api', 'https://db.example.org'],
      exp: iat + 60,
      iat,
      sub: 'spiffe://example.org/web',
    });
    assert.deepEqual([issued.issuedAt.getTime(), issued.expiresAt.getTime()], [iat * second, (iat + 60) * second]);
  });

  it('keep an audience as it is, whatever it holds (JWT-3.2-a)', async () => {
    const { issuer } = await createJwtIssuer();
    const audience = ['ä', '"', '\\', '\n', '\u2028', '__proto__', ' '];
    assert.deepEqual(partsOf(issuer.issueJwtSvid({ ...request, audience }).token)[1]['aud'], audience);
  });

  it('name the configured issuer, and have a jti of their own where the entry asks for one (JWT-3-a)', async () => {
    const { issuer } = await createJwtIssuer({ issuer: 'https://issuer.example.org' });
    const claims = Array.from({ length: 100 }, () => {
      return partsOf(issuer.issueJwtSvid({ ...request, includeTokenId: true }).token)[1];
    });
    assert.ok(claims.every(({ iss }) => iss === 'https://issuer.example.org'));
    assert.ok(claims.every(({ jti }) => /^[\w-]{22}$/.test(String(jti))));
    assert.equal(new Set(claims.map(({ jti }) => jti)).size, 100);
  });

  it('live for the default time unless another is asked for, and never longer than their authority', async () => {
    const { authority, clock, issuer } = await createJwtIssuer({ ttlMs: 600 * second });
    const lifetime = (ttlSeconds: number): number => {
      const { issuedAt, expiresAt } = issuer.issueJwtSvid({ ...request, ttlSeconds });
      return (expiresAt.getTime() - issuedAt.getTime()) / second;
    };
    assert.deepEqual([0, -5, 1, 599, 3600, 2 ** 31 - 1].map(lifetime), [300, 300, 1, 599, 600, 600]);
    await clock.advance(599 * second);
    assert.deepEqual([lifetime(0), lifetime(1)], [1, 1]);
    await clock.advance(second);
    assert.ok(clock.now() >= authority.expiresAt);
    assert.throws(() => issuer.issueJwtSvid(request), { code: 'ERR_NOT_READY' });
  });

  it('carry an ID of 2048 bytes (ID-2.3-a)', async () => {
    const { issuer } = await createJwtIssuer();
    const longest = SpiffeId.parse(`spiffe://example.org/${'a'.repeat(2048 - 'spiffe://example.org/'.length)}`);
    const [, { sub }] = partsOf(issuer.issueJwtSvid({ ...request, spiffeId: longest }).token);
    assert.equal(sub, longest.toString());
  });

  for (const id of [
    'spiffe://example.com/web',
    'spiffe://example.org',
    'spiffe://example.org/spire/server',
    'spiffe://example.org/spire/agent/x',
  ]) {
    it(`are refused for ${id} (JWT-3.1-a)`, async () => {
      const { issuer } = await createJwtIssuer();
      issuer.issueJwtSvid(request);
      assert.throws(() => issuer.issueJwtSvid({ ...request, spiffeId: SpiffeId.parse(id) }), { code: 'ERR_PROFILE' });
    });
  }

  for (const audience of [[], [''], ['api', '']]) {
    it(`are refused with the audience ${JSON.stringify(audience)} (JWT-3.2-a)`, async () => {
      const { issuer } = await createJwtIssuer();
      issuer.issueJwtSvid(request);
      assert.throws(() => issuer.issueJwtSvid({ ...request, audience }), { code: 'ERR_PROFILE', message: /aud/ });
    });
  }

  it('have a key ID of 32 letters and digits, another one each time (JWT-6.1-b)', async () => {
    const fixtures = await Promise.all(Array.from({ length: 20 }, () => createJwtIssuer()));
    const ids = fixtures.map(({ authority }) => authority.id);
    for (const id of ids) assert.match(id, /^[A-Za-z0-9]{32}$/);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('are not signed by keys that have no algorithm (JWT-2.1-a)', async () => {
    const { privateKey: ed25519 } = await promisify(generateKeyPair)('ed25519');
    assert.throws(() => jwtAlgorithmOf(ed25519), TypeError);
    const { privateKey: secp256k1 } = await promisify(generateKeyPair)('ec', { namedCurve: 'secp256k1' });
    assert.throws(() => jwtAlgorithmOf(secp256k1), TypeError);
  });
});
