import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import {
  JwtBundle,
  JwtBundleSet,
  JwtSvid,
  SpiffeError,
  TrustDomain,
  verifyJwtSvid,
  type JwtBundleSource,
} from '@credence/sdk';
import { TestCa } from '@credence/sdk/testing';
import fc from 'fast-check';
import { SignJWT, jwtVerify } from 'jose';
import { audiences } from '../../dist/svid/index.js';

const now = new Date('2030-01-01T00:00:00Z');
const later = new Date(now.getTime() + 300_000);

describe('JwtSvid', () => {
  let ca: TestCa;
  before(async () => {
    ca = await TestCa.create('a.test');
  });

  it('reads a token: ID, audience, times, claims, hint', async () => {
    const options = {
      audience: ['me', 'you'],
      issuedAt: now,
      expiresAt: later,
      claims: { foo: { bar: 1 } },
      hint: 'internal',
    };
    const svid = await ca.jwtSvid('/w', options);
    assert.equal(svid.id.toString(), 'spiffe://a.test/w');
    assert.deepEqual(svid.audience, ['me', 'you']);
    assert.deepEqual([svid.issuedAt, svid.expiresAt], [now, later]);
    assert.deepEqual(svid.claims['foo'], { bar: 1 });
    assert.equal(svid.hint, 'internal');
    assert.equal(JwtSvid.parseInsecure(svid.token).token, svid.token);
    assert.equal(
      JwtSvid.parseInsecure(await ca.jwtToken('/w', { audience: 'me', claims: { iat: undefined } })).issuedAt,
      undefined,
    );
  });

  it('never shows its token', async () => {
    const svid = await ca.jwtSvid('/w', { audience: 'me', hint: 'internal' });
    const [, , signature] = svid.token.split('.');
    for (const shown of [
      inspect(svid, { depth: 9, showHidden: true, getters: true }),
      inspect({ svid }, { depth: 9 }),
      JSON.stringify({ svid }),
      Object.values(svid).join(),
    ]) {
      assert.ok(!shown.includes(signature ?? ''), shown);
    }
    assert.match(JSON.stringify(svid), /"id":"spiffe:\/\/a.test\/w","audience":\["me"\],"hint":"internal"/);
  });

  it('cannot be changed', async () => {
    const svid = await ca.jwtSvid('/w', { audience: ['me'] });
    assert.throws(() => (svid.audience as string[]).push('other'), TypeError);
    assert.throws(() => ((svid.claims as Record<string, unknown>)['sub'] = 'spiffe://a.test/admin'), TypeError);
    assert.deepEqual(svid.audience, ['me']);
  });

  it('parses an expired token, which verifyJwtSvid refuses', async () => {
    const token = await ca.jwtToken('/w', { audience: 'me', expiresAt: new Date(0) });
    assert.equal(JwtSvid.parseInsecure(token).expiresAt.getTime(), 0);
    await assert.rejects(verifyJwtSvid(token, JwtBundleSet.of(ca.jwtBundle()), { audience: 'me' }));
  });

  it('reads any text without throwing anything but ERR_SPIFFE_JWT', async () => {
    const token = await ca.jwtToken('/w', { audience: 'me' });
    fc.assert(
      fc.property(fc.nat(token.length), fc.string({ maxLength: 4 }), (at, text) => {
        try {
          JwtSvid.parseInsecure(token.slice(0, at) + text + token.slice(at + text.length));
        } catch (error) {
          assert.equal((error as SpiffeError).code, 'ERR_SPIFFE_JWT');
        }
      }),
      { numRuns: 500 },
    );
    for (const odd of [undefined, null, 7, {}, []]) {
      assert.throws(() => JwtSvid.parseInsecure(odd as string), { code: 'ERR_SPIFFE_JWT' });
    }
  });
});

describe('verifyJwtSvid', () => {
  let ca: TestCa;
  let bundles: JwtBundleSet;
  before(async () => {
    ca = await TestCa.create('a.test');
    bundles = JwtBundleSet.of(ca.jwtBundle());
  });

  for (const keyType of ['ec-p256', 'ec-p384', 'rsa-2048'] as const) {
    it(`verifies what the test CA signs by ${keyType}, and so does jose`, async () => {
      const other = await TestCa.create('a.test', { keyType });
      const { token } = await other.jwtSvid('/w', { audience: 'me' });
      const svid = await verifyJwtSvid(token, JwtBundleSet.of(other.jwtBundle()), { audience: ['you', 'me'] });
      assert.equal(svid.token, token);
      const { publicKey } = other.jwtBundle().authorities[0]!;
      assert.equal((await jwtVerify(token, publicKey, { audience: 'me' })).payload.sub, 'spiffe://a.test/w');
    });
  }

  it('verifies what jose signs', async () => {
    const token = await new SignJWT({ sub: 'spiffe://a.test/w', aud: 'me' })
      .setProtectedHeader({ alg: 'ES256', kid: ca.jwtBundle().authorities[0]!.keyId })
      .setExpirationTime('1m')
      .sign(ca.jwtKey);
    assert.equal((await verifyJwtSvid(token, bundles, { audience: 'me' })).id.path, '/w');
  });

  it('verifies by old and new keys while both are published', async () => {
    const rotating = await TestCa.create('a.test');
    const old = await rotating.jwtSvid('/w', { audience: 'me' });
    await rotating.rotate();
    const fresh = await rotating.jwtSvid('/w', { audience: 'me' });
    const both = JwtBundleSet.of(rotating.jwtBundle());
    for (const { token } of [old, fresh])
      assert.equal((await verifyJwtSvid(token, both, { audience: 'me' })).id.path, '/w');
  });

  it('tries every key of a repeated key ID, and 20 keys at most', async () => {
    const { token } = await ca.jwtSvid('/w', { audience: 'me' });
    const [authority] = ca.jwtBundle().authorities;
    const others = await Promise.all(Array.from({ length: 20 }, () => TestCa.create('a.test')));
    const keys = others.map((other) => ({ ...other.jwtBundle().authorities[0]!, keyId: authority!.keyId }));
    const holding = (count: number): JwtBundleSet => {
      const before = keys
        .slice(0, count)
        .reduce((bundle, key) => bundle.with(key), ca.jwtBundle().without(authority!.keyId));
      return JwtBundleSet.of(before.with(authority!));
    };
    assert.ok(await verifyJwtSvid(token, holding(19), { audience: 'me' }));
    await assert.rejects(verifyJwtSvid(token, holding(20), { audience: 'me' }), { code: 'ERR_SPIFFE_JWT' });
  });

  it('takes the instant and the tolerance that it is given, 60 seconds by default', async () => {
    const token = await ca.jwtToken('/w', { audience: 'me', issuedAt: now, expiresAt: later });
    const at = (offsetSeconds: number, clockToleranceSeconds?: number): Promise<JwtSvid> =>
      verifyJwtSvid(token, bundles, {
        audience: 'me',
        now: new Date(later.getTime() + offsetSeconds * 1000),
        ...(clockToleranceSeconds === undefined ? {} : { clockToleranceSeconds }),
      });
    for (const [offset, tolerance] of [
      [-1, 0],
      [59, undefined],
      [299, 300],
      [-360, undefined],
    ] as const) {
      assert.ok(await at(offset, tolerance));
    }
    for (const [offset, tolerance] of [
      [0, 0],
      [60, undefined],
      [300, 300],
      [-361, undefined],
      [-301, 0],
    ] as const) {
      await assert.rejects(at(offset, tolerance), { code: 'ERR_SPIFFE_JWT' });
    }
    for (const tolerance of [-1, 301, Number.NaN, Infinity]) await assert.rejects(at(-1, tolerance), TypeError);
  });

  it('refuses the bundle of another trust domain, whatever the source means by it', async () => {
    const { token } = await ca.jwtSvid('/w', { audience: 'me' });
    const give = (trustDomain: string): JwtBundleSource => {
      const bundle = JwtBundle.fromAuthorities(TrustDomain.parse(trustDomain), ca.jwtBundle().authorities);
      return { getJwtBundleForTrustDomain: () => bundle };
    };
    assert.ok(await verifyJwtSvid(token, give('a.test'), { audience: 'me' }));
    await assert.rejects(verifyJwtSvid(token, give('b.test'), { audience: 'me' }), { code: 'ERR_SPIFFE_JWT' });
  });

  it('refuses everything at an instant that is none', async () => {
    const { token } = await ca.jwtSvid('/w', { audience: 'me' });
    assert.ok(await verifyJwtSvid(token, bundles, { audience: 'me', now: new Date() }));
    const never = verifyJwtSvid(token, bundles, { audience: 'me', now: new Date(Number.NaN) });
    await assert.rejects(never, { code: 'ERR_SPIFFE_JWT' });
  });

  it('asks the source for the trust domain of the subject, and lets its other errors through', async () => {
    const { token } = await ca.jwtSvid('/w', { audience: 'me' });
    const closed = new SpiffeError('ERR_SPIFFE_CLOSED', 'closed');
    const asked: string[] = [];
    const source: JwtBundleSource = {
      getJwtBundleForTrustDomain: ({ name }) => {
        asked.push(name);
        throw closed;
      },
    };
    await assert.rejects(verifyJwtSvid(token, source, { audience: 'me' }), closed);
    assert.deepEqual(asked, ['a.test']);
  });

  it('refuses a token of which any character changed', async () => {
    const { token } = await ca.jwtSvid('/w', { audience: 'me' });
    assert.ok(await verifyJwtSvid(token, bundles, { audience: 'me' }));
    const character = fc.constantFrom(
      ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.split(/(?:)/u),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), character, async (at, other) => {
        fc.pre(token[at] !== other);
        const changed = token.slice(0, at) + other + token.slice(at + 1);
        await assert.rejects(verifyJwtSvid(changed, bundles, { audience: 'me' }), { code: 'ERR_SPIFFE_JWT' });
      }),
      { numRuns: 500 },
    );
  });
});

describe('audiences', () => {
  it('makes a list of one or several, and refuses none (JWT-SVID §3.2)', () => {
    assert.deepEqual(audiences('me'), ['me']);
    assert.deepEqual(audiences(['me', 'you']), ['me', 'you']);
    for (const odd of ['', [], [''], ['me', ''], undefined, null, 7, {}, [7]]) {
      assert.throws(() => audiences(odd as string), { name: 'TypeError', message: /^audience: expected/ });
    }
  });
});
