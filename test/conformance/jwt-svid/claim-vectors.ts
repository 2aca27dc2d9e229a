// JV-01, JV-49 … JV-65, JV-67: whom a token is about, whom it is for, and when.
import { draft, headers, payloads, type Draft, type Scene, type Trial, type Vector } from './vector.js';
import { badIds } from '../bad-ids.js';

const now = new Date('2030-01-01T00:00:00Z');
const nowSeconds = now.getTime() / 1000;

/** Trials at a fixed instant; without a tolerance unless one is given. */
const at =
  (claims: NonNullable<Draft['claims']>, clockToleranceSeconds = 0) =>
  (scene: Scene): readonly Trial[] => [{ token: draft(scene, { claims }), options: { now, clockToleranceSeconds } }];

/** The same with the tolerance that is the default. */
const near =
  (claims: NonNullable<Draft['claims']>) =>
  (scene: Scene): readonly Trial[] => [{ token: draft(scene, { claims }), options: { now } }];

export const claimVectors: readonly Vector[] = [
  {
    id: 'JV-01',
    title: 'a valid token, for us alone or for others too',
    expected: 'ACCEPT',
    trials: payloads({}, { aud: 'me' }, { aud: ['other', 'me'] }),
  },
  {
    id: 'JV-49',
    title: 'an audience that is missing, empty or not of texts (JWT-SVID §3.2)',
    expected: 'REJECT',
    reason: 'audience',
    trials: payloads(
      ...[undefined, null, [], '', [''], 7, {}, [['me']], ['me', 7], ['me', ''], true].map((aud) => ({ aud })),
    ),
  },
  {
    id: 'JV-50',
    title: 'an audience that is only like ours',
    expected: 'REJECT',
    reason: 'audience',
    trials: payloads(...['ME', 'me ', 'meme', 'me/', 'm', ['other'], ['M', 'E']].map((aud) => ({ aud }))),
  },
  {
    id: 'JV-52',
    title: 'no expiry (JWT-SVID §3.3)',
    expected: 'REJECT',
    reason: 'malformed',
    trials: payloads({ exp: undefined }, { exp: null }),
  },
  {
    id: 'JV-53',
    title: 'an expiry that is no number (RFC 7519 §2)',
    expected: 'REJECT',
    reason: 'malformed',
    trials: payloads({ exp: '1893456000' }, { exp: true }, { exp: {} }, { exp: [nowSeconds] }),
  },
  {
    id: 'JV-54',
    title: 'an expiry with a fraction (RFC 7519 §2)',
    expected: 'ACCEPT',
    trials: at({ exp: nowSeconds + 300.5 }),
  },
  {
    id: 'JV-55',
    title: 'an expiry that reads as infinite',
    expected: 'REJECT',
    reason: 'malformed',
    trials: payloads('{"sub":"spiffe://a.test/w","aud":"me","exp":1e400}'),
  },
  {
    id: 'JV-56',
    title: 'an expiry beyond the year 9999',
    expected: 'REJECT',
    reason: 'malformed',
    trials: payloads({ exp: 1e308 }, { exp: 253_402_300_800 }, { exp: 1e23 }),
  },
  {
    id: 'JV-56',
    title: 'an expiry at or before the beginning of time',
    expected: 'REJECT',
    reason: 'expired',
    trials: payloads({ exp: 0 }, { exp: -1 }),
  },
  {
    id: 'JV-57',
    title: 'a token that expired a second ago, within the tolerance of 60 seconds (JWT-SVID appendix A)',
    expected: 'ACCEPT',
    trials: at({ exp: nowSeconds - 1 }, 60),
  },
  {
    id: 'JV-57',
    title: 'a token that expired a second ago, without a tolerance',
    expected: 'REJECT',
    reason: 'expired',
    twins: at({ exp: nowSeconds + 1 }),
    trials: at({ exp: nowSeconds - 1 }),
  },
  {
    id: 'JV-58',
    title: 'a token that expired five minutes ago',
    expected: 'REJECT',
    reason: 'expired',
    trials: at({ exp: nowSeconds - 300 }),
  },
  {
    id: 'JV-59',
    title: 'a token that expires now (RFC 7519 §4.1.4)',
    expected: 'REJECT',
    reason: 'expired',
    twins: at({ exp: nowSeconds + 0.001 }),
    trials: at({ exp: nowSeconds }),
  },
  {
    id: 'JV-60',
    title: 'a token that is not valid yet (RFC 7519 §4.1.5)',
    expected: 'REJECT',
    reason: 'not-yet-valid',
    twins: near({ nbf: nowSeconds + 30, exp: nowSeconds + 900 }),
    trials: near({ nbf: nowSeconds + 300, exp: nowSeconds + 900 }),
  },
  {
    id: 'JV-60',
    title: 'a "nbf" that is no number',
    expected: 'REJECT',
    reason: 'malformed',
    trials: payloads({ nbf: '0' }, { nbf: null }),
  },
  {
    id: 'JV-61',
    title: 'a token that was issued in the future',
    expected: 'REJECT',
    reason: 'not-yet-valid',
    twins: near({ iat: nowSeconds + 30, exp: nowSeconds + 900 }),
    trials: near({ iat: nowSeconds + 300, exp: nowSeconds + 900 }),
  },
  {
    id: 'JV-62',
    title: 'a subject that is no SPIFFE ID (JWT-SVID §3.1)',
    expected: 'REJECT',
    reason: 'subject',
    trials: payloads(...[undefined, null, 7, ['spiffe://a.test/w'], ...badIds].map((sub) => ({ sub }))),
  },
  {
    id: 'JV-63',
    title: 'the ID of a trust domain, which is no workload’s',
    expected: 'REJECT',
    reason: 'subject',
    trials: payloads({ sub: 'spiffe://a.test' }),
  },
  {
    id: 'JV-64',
    title: 'other registered and private claims (JWT-SVID §3)',
    expected: 'ACCEPT',
    trials: payloads({ iss: 'https://issuer.example', jti: 'j', foo: { bar: [1, null] }, iat: 0 }),
  },
  {
    id: 'JV-65',
    title: 'the same token twice (JWT-SVID §7.1)',
    expected: 'ACCEPT',
    trials: (scene) => {
      const token = draft(scene, { claims: { jti: 'once' } });
      return [{ token }, { token }];
    },
  },
  {
    id: 'JV-67',
    title: 'a WIT-SVID',
    expected: 'REJECT',
    reason: 'type',
    trials: headers({ typ: 'wit+jwt' }),
  },
];
