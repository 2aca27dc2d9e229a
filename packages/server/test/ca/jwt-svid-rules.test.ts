import assert from 'node:assert/strict';
import { inspectJwtSvid, type ExpectedClaims, type JwtSvidLimits } from '../../dist/ca/rules/jwt-svid.js';
import { now, trustDomain, webId } from './support/jwt.js';

const nowSeconds = Math.floor(now.getTime() / 1000);
const limits: JwtSvidLimits = { trustDomain, algorithm: 'ES256', keyId: 'k1', latest: new Date(now.getTime() + 3.6e6) };
const expected: ExpectedClaims = { subject: webId, issuer: undefined, hasTokenId: false };
const header = '{"alg":"ES256","kid":"k1","typ":"JWT"}';
const claims = { aud: ['api'], exp: nowSeconds + 60, iat: nowSeconds, sub: webId.toString() };
const encode = (text: string): string => Buffer.from(text).toString('base64url');
const inputOf = (headerText: string, payload: string): string => `${encode(headerText)}.${encode(payload)}`;

describe('the profile of a JWT-SVID, before it is signed', () => {
  const inspect = (input: string, more: Partial<ExpectedClaims> = {}): void => {
    inspectJwtSvid(input, limits, { ...expected, ...more }, now);
  };
  const good = inputOf(header, JSON.stringify(claims));

  it('takes what keeps it, and gives back the very text', () => {
    assert.equal(inspectJwtSvid(good, limits, expected, now), good);
  });

  it('takes iss and jti where they belong (JWT-3-a)', () => {
    const jti = 'abcdefghijklmnopqrstuv';
    const { sub, ...before } = claims;
    inspect(inputOf(header, JSON.stringify({ ...before, iss: 'x', jti, sub })), { issuer: 'x', hasTokenId: true });
  });

  const headers: [name: string, text: string][] = [
    ['another algorithm (JWT-2.1-a)', '{"alg":"ES384","kid":"k1","typ":"JWT"}'],
    ['the algorithm none (JWT-2.1-a)', '{"alg":"none","kid":"k1","typ":"JWT"}'],
    ['another key ID', '{"alg":"ES256","kid":"k2","typ":"JWT"}'],
    ['another type (JWT-2.3-a)', '{"alg":"ES256","kid":"k1","typ":"at+jwt"}'],
    ['a further parameter (JWT-2-a)', '{"alg":"ES256","kid":"k1","typ":"JWT","jku":"https://a"}'],
    ['a parameter twice', '{"alg":"ES256","alg":"ES256","kid":"k1","typ":"JWT"}'],
    ['no key ID', '{"alg":"ES256","typ":"JWT"}'],
  ];
  for (const [name, text] of headers) {
    it(`refuses a header with ${name}`, () => {
      inspect(good);
      assert.throws(
        () => {
          inspect(inputOf(text, JSON.stringify(claims)));
        },
        { code: 'ERR_PROFILE', message: /header/ },
      );
    });
  }

  const { sub } = claims;
  const payloads: [name: string, payload: object | string, message: RegExp][] = [
    ['no JSON', 'x', /not JSON/],
    ['a list', [], /not a JSON object/],
    ['null', 'null', /not a JSON object/],
    ['a claim twice', `{"aud":["api"],"exp":1,${JSON.stringify(claims).slice(1)}`, /does not come back/],
    ['white space', JSON.stringify(claims, undefined, 1), /does not come back/],
    ['a further claim', { ...claims, admin: true }, /the claims are not/],
    ['an issuer that is not configured', { aud: ['api'], exp: claims.exp, iat: claims.iat, iss: 'x', sub }, /claims/],
    ['no subject (JWT-3.1-a)', { ...claims, sub: undefined }, /the claims are not/],
    ['another subject (JWT-3.1-a)', { ...claims, sub: 'spiffe://example.org/api' }, /sub is not/],
    ['a subject that is no text', { ...claims, sub: 1 }, /sub is not/],
    ['no audience (JWT-3.2-a)', { ...claims, aud: [] }, /aud is not/],
    ['an audience that is a text', { ...claims, aud: 'api' }, /aud is not/],
    ['an empty audience', { ...claims, aud: ['api', ''] }, /aud is not/],
    ['an audience of numbers', { ...claims, aud: [1] }, /aud is not/],
    ['a fraction of a second (JWT-S-a)', { ...claims, exp: claims.exp + 0.5 }, /whole number/],
    ['an expiry that is a text', { ...claims, exp: String(claims.exp) }, /whole number/],
    ['an expiry in the past (JWT-3.3-a)', { ...claims, exp: nowSeconds }, /exp does not lie in the future/],
    ['an expiry after its authority', { ...claims, exp: nowSeconds + 3602 }, /exp is later than/],
    ['an issue in the future', { ...claims, iat: nowSeconds + 1 }, /iat lies in the future/],
  ];
  for (const [name, payload, message] of payloads) {
    it(`refuses ${name}`, () => {
      inspect(good);
      const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
      assert.throws(
        () => {
          inspect(inputOf(header, text));
        },
        { code: 'ERR_PROFILE', message },
      );
    });
  }

  for (const jti of ['', 'short', 'abcdefghijklmnopqrst+=', 7]) {
    it(`refuses the jti ${JSON.stringify(jti)}`, () => {
      const { sub: subject, ...before } = claims;
      const input = (id: unknown): string => inputOf(header, JSON.stringify({ ...before, jti: id, sub: subject }));
      inspect(input('abcdefghijklmnopqrstuv'), { hasTokenId: true });
      assert.throws(
        () => {
          inspect(input(jti), { hasTokenId: true });
        },
        { code: 'ERR_PROFILE', message: /jti/ },
      );
    });
  }

  for (const [name, input] of [
    ['one part', encode(header)],
    ['three parts', `${good}.x`],
    ['padding', `${good}=`],
    ['nothing', ''],
  ] as const) {
    it(`refuses ${name} (JWT-5.1-a)`, () => {
      inspect(good);
      assert.throws(
        () => {
          inspect(input);
        },
        { code: 'ERR_PROFILE' },
      );
    });
  }
});
