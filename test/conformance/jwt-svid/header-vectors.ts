// JV-03 … JV-09, JV-29 … JV-38: what a header may say, and that nothing in it chooses the key or the way it is used.
import { createSecretKey } from 'node:crypto';
import { draft, headers, jwk, type Scene, type Trial, type Vector } from './vector.js';

export const headerVectors: readonly Vector[] = [
  {
    id: 'JV-03',
    title: '"typ" absent, JWT and JOSE (JWT-SVID §2.3)',
    expected: 'ACCEPT',
    trials: headers({ typ: undefined }, { typ: 'JWT' }, { typ: 'JOSE' }),
  },
  {
    id: 'JV-04',
    title: 'the algorithm "none" in any spelling, before anything else is looked at (JWT-SVID §4)',
    expected: 'REJECT',
    reason: 'algorithm',
    trials: (scene) =>
      ['none', 'None', 'NONE', 'nOnE'].flatMap((alg) => [
        { token: unsigned(draft(scene, { header: { alg } })) },
        { token: unsigned(draft(scene, { header: { alg }, claims: 'no JSON' })) },
      ]),
  },
  {
    id: 'JV-05',
    title: 'an algorithm that is missing, of another type, or in lower case (RFC 7515 §4.1.1)',
    expected: 'REJECT',
    reason: 'algorithm',
    trials: headers({ alg: undefined }, { alg: null }, { alg: 7 }, { alg: ['ES256'] }, { alg: 'es256' }),
  },
  {
    id: 'JV-06',
    title: 'HMAC with a random secret',
    expected: 'REJECT',
    reason: 'algorithm',
    trials: (scene) => hmac(scene, [Buffer.alloc(64, 7)]),
  },
  {
    id: 'JV-07',
    title: 'HMAC with the public key in any encoding as its secret',
    expected: 'REJECT',
    reason: 'algorithm',
    trials: (scene) => hmac(scene, encodings(scene)),
  },
  {
    id: 'JV-09',
    title: 'algorithms outside the table of JWT-SVID §2.1',
    expected: 'REJECT',
    reason: 'algorithm',
    trials: headers(...['ES256K', 'RSA1_5', 'RSA-OAEP', 'dir', 'EdDSA', 'Ed25519'].map((alg) => ({ alg }))),
  },
  {
    id: 'JV-29',
    title: 'any other "typ" (JWT-SVID §2.3)',
    expected: 'REJECT',
    reason: 'type',
    trials: headers(...['jwt', 'at+jwt', 'wit+jwt', 'application/jwt', '', null, 7].map((typ) => ({ typ }))),
  },
  {
    id: 'JV-30',
    title: '"crit" with an unknown name (RFC 7515 §4.1.11)',
    expected: 'REJECT',
    reason: 'header',
    trials: headers({ crit: ['foo'], foo: 1 }),
  },
  {
    id: 'JV-31',
    title: 'a malformed "crit" (RFC 7515 §4.1.11)',
    expected: 'REJECT',
    reason: 'header',
    trials: headers({ crit: [] }, { crit: ['absent'] }, { crit: ['alg'] }, { crit: 'alg' }),
  },
  {
    id: 'JV-32',
    title: '"b64" false with "crit" (RFC 7797 §7)',
    expected: 'REJECT',
    reason: 'header',
    trials: headers({ b64: false, crit: ['b64'] }),
  },
  {
    id: 'JV-33',
    title: '"b64" true with "crit"',
    expected: 'REJECT',
    reason: 'header',
    trials: headers({ b64: true, crit: ['b64'] }),
  },
  { id: 'JV-34', title: '"b64" without "crit"', expected: 'REJECT', reason: 'header', trials: headers({ b64: false }) },
  {
    id: 'JV-35',
    title: 'the key of an attacker in "jwk"',
    expected: 'REJECT',
    reason: 'header',
    trials: (scene) => [
      { token: draft(scene, { header: { jwk: jwk(scene.rsa), alg: 'RS256' }, key: scene.rsa.privateKey }) },
      { token: draft(scene, { header: { jwk: jwk(scene.a) } }) },
    ],
  },
  {
    id: 'JV-36',
    title: 'keys behind a URL',
    expected: 'REJECT',
    reason: 'header',
    trials: headers({ jku: 'http://127.0.0.1:1/keys' }, { x5u: 'http://127.0.0.1:1/chain' }),
  },
  {
    id: 'JV-37',
    title: 'certificates and their thumbprints',
    expected: 'REJECT',
    reason: 'header',
    trials: headers({ x5c: ['AAAA'] }, { x5t: 'AAAA' }, { 'x5t#S256': 'AAAA' }),
  },
  {
    id: 'JV-38',
    title: 'every other header parameter (JWT-SVID §2)',
    expected: 'REJECT',
    reason: 'header',
    trials: headers({ foo: 1 }, { cty: 'JWT' }, { zip: 'DEF' }, '{"alg":"ES256","kid":"k1","__proto__":1}'),
  },
];

function unsigned(token: string): string {
  return token.slice(0, token.lastIndexOf('.') + 1);
}

function hmac(scene: Scene, secrets: readonly (string | Buffer)[]): readonly Trial[] {
  return ['HS256', 'HS384', 'HS512'].flatMap((alg) =>
    secrets.map((secret) => ({ token: draft(scene, { header: { alg }, key: createSecretKey(Buffer.from(secret)) }) })),
  );
}

function encodings({ a: { publicKey } }: Scene): readonly (string | Buffer)[] {
  const { x = '', y = '', ...others } = publicKey.export({ format: 'jwk' });
  return [
    publicKey.export({ format: 'pem', type: 'spki' }),
    publicKey.export({ format: 'der', type: 'spki' }),
    JSON.stringify({ ...others, x, y }),
    Buffer.from(x + y, 'base64url'),
  ];
}
