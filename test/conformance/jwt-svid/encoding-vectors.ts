// JV-11, JV-12, JV-14, JV-15, JV-39 … JV-48: one spelling of a token, and every bit of it signed.
import { sign } from 'node:crypto';
import { draft, encode, payloads, seconds, type Scene, type Trial, type Vector } from './vector.js';

type Parts = readonly [header: string, payload: string, signature: string];

const parts = (token: string): Parts => token.split('.') as unknown as Parts;

/** Trials of a valid token of which the parts were changed. */
const changed =
  (...changes: readonly ((parts: Parts, scene: Scene) => string)[]) =>
  (scene: Scene): readonly Trial[] =>
    changes.map((change) => ({ token: change(parts(draft(scene)), scene) }));

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The same bytes in other characters: the last one of 64 or 256 bits has bits that are not used. */
function respelt(part: string): string {
  const last = alphabet.indexOf(part.at(-1) ?? '');
  return part.slice(0, -1) + (alphabet[last | 1] ?? '');
}

const claims = (): string => JSON.stringify({ sub: 'spiffe://a.test/w', aud: 'me', exp: seconds(300) });
const deep = '['.repeat(20_000) + ']'.repeat(20_000);

export const encodingVectors: readonly Vector[] = [
  {
    id: 'JV-11',
    title: 'an ECDSA signature in DER, or of 63 or 65 bytes (RFC 7518 §3.4)',
    expected: 'REJECT',
    reason: 'signature',
    trials: changed(
      ([header, payload], { a }) => {
        const text = `${header}.${payload}`;
        return `${text}.${sign('sha256', Buffer.from(text), a.privateKey).toString('base64url')}`;
      },
      ([header, payload, bytes]) => `${header}.${payload}.${resized(bytes, 63)}`,
      ([header, payload, bytes]) => `${header}.${payload}.${resized(bytes, 65)}`,
    ),
  },
  {
    id: 'JV-12',
    title: 'an ES256 signature of zero bytes',
    expected: 'REJECT',
    reason: 'signature',
    trials: changed(
      ([header, payload]) => `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
      ([header, payload]) => `${header}.${payload}.`,
    ),
  },
  {
    id: 'JV-14',
    title: 'a changed payload or signature',
    expected: 'REJECT',
    reason: 'signature',
    trials: changed(
      ([header, , bytes]) => `${header}.${encode({ sub: 'spiffe://a.test/x', aud: 'me', exp: seconds(300) })}.${bytes}`,
      ([header, payload, bytes]) => `${header}.${payload}.${flipped(bytes)}`,
    ),
  },
  {
    id: 'JV-14',
    title: 'a changed header',
    expected: 'REJECT',
    reason: 'signature',
    trials: changed(([, payload, bytes]) => `${encode({ alg: 'ES256', kid: 'k1' })}.${payload}.${bytes}`),
  },
  {
    id: 'JV-15',
    title: 'the signature of another valid token',
    expected: 'REJECT',
    reason: 'signature',
    trials: changed(([header, payload], scene) => {
      const [, , other] = parts(draft(scene, { claims: { jti: 'other' } }));
      return `${header}.${payload}.${other}`;
    }),
  },
  {
    id: 'JV-39',
    title: 'five parts, as a JWE has (JWT-SVID §2)',
    expected: 'REJECT',
    reason: 'malformed',
    trials: changed(([header, payload, bytes]) => `${header}.${payload}.${bytes}.AAAA.AAAA`),
  },
  {
    id: 'JV-39',
    title: 'a token nested in a token',
    expected: 'REJECT',
    reason: 'malformed',
    trials: (scene) => [{ token: draft(scene, { claims: draft(scene) }) }],
  },
  {
    id: 'JV-40',
    title: 'JSON serialization, flattened and general (JWT-SVID §5.1)',
    expected: 'REJECT',
    reason: 'malformed',
    trials: changed(
      ([header, payload, bytes]) => JSON.stringify({ protected: header, payload, signature: bytes }),
      ([header, payload, bytes]) => JSON.stringify({ payload, signatures: [{ protected: header, signature: bytes }] }),
    ),
  },
  {
    id: 'JV-41',
    title: 'one, two and four parts, a million dots, ten megabytes',
    expected: 'REJECT',
    reason: 'malformed',
    trials: changed(
      ([header]) => header,
      ([header, payload]) => `${header}.${payload}`,
      ([header, payload, bytes]) => `${header}.${payload}.${bytes}.${bytes}`,
      () => '',
      () => '.'.repeat(1_000_000),
      ([header, , bytes]) => `${header}.${'A'.repeat(10_000_000)}.${bytes}`,
    ),
  },
  {
    id: 'JV-42',
    title: 'padding on any part (RFC 7515 §2)',
    expected: 'REJECT',
    reason: 'malformed',
    trials: changed(
      ([header, payload, bytes]) => `${header}=.${payload}.${bytes}`,
      ([header, payload, bytes]) => `${header}.${payload}==.${bytes}`,
      ([header, payload, bytes]) => `${header}.${payload}.${bytes}==`,
    ),
  },
  {
    id: 'JV-43',
    title: 'white space within or around the token',
    expected: 'REJECT',
    reason: 'malformed',
    trials: changed(
      (all) => ` ${all.join('.')}`,
      (all) => `${all.join('.')}\n`,
      ([header, payload, bytes]) => `${header}. ${payload}.${bytes}`,
      ([header, payload, bytes]) => `${header}.${payload}.${bytes.slice(0, 9)}\n${bytes.slice(9)}`,
    ),
  },
  {
    id: 'JV-44',
    title: 'the other alphabet, and characters of none',
    expected: 'REJECT',
    reason: 'malformed',
    trials: (scene) => {
      const [header, payload] = parts(draft(scene));
      const bytes = Buffer.alloc(64, 0xfb).toString('base64');
      return [bytes.replaceAll('=', ''), `*${bytes.slice(1, 86)}`, `\0${bytes.slice(1, 86)}`].map((odd) => ({
        token: `${header}.${payload}.${odd}`,
      }));
    },
  },
  {
    id: 'JV-45',
    title: 'bits behind the last byte (RFC 4648 §3.5)',
    expected: 'REJECT',
    reason: 'malformed',
    trials: changed(([header, payload, bytes]) => `${header}.${payload}.${respelt(bytes)}`),
  },
  {
    id: 'JV-46',
    title: 'a member twice, also by an escape (RFC 7515 §4, RFC 7519 §4)',
    expected: 'REJECT',
    reason: 'malformed',
    trials: (scene) => [
      { token: draft(scene, { header: '{"alg":"ES256","kid":"k1","kid":"k1"}' }) },
      { token: draft(scene, { header: '{"alg":"ES256","al\\u0067":"ES256","kid":"k1"}' }) },
      { token: draft(scene, { claims: `{"sub":"spiffe://b.test/w",${claims().slice(1)}` }) },
      { token: draft(scene, { claims: `{"s\\u0075b":"spiffe://b.test/w",${claims().slice(1)}` }) },
    ],
  },
  {
    id: 'JV-47',
    title: 'a payload that is not one JSON object in UTF-8 (RFC 7519 §7.2)',
    expected: 'REJECT',
    reason: 'malformed',
    trials: (scene) =>
      payloads(
        `[${claims()}]`,
        '"text"',
        'null',
        '',
        `\uFEFF${claims()}`,
        Buffer.concat([Buffer.from(claims().slice(0, -1)), Buffer.from(',"x":"'), Buffer.of(0xff), Buffer.from('"}')]),
        `${claims()} x`,
        `${claims()}${claims()}`,
        `${claims().slice(0, -1)},"x":${deep}}`,
      )(scene),
  },
  {
    id: 'JV-48',
    title: 'claims named "__proto__" and "constructor", which pollute nothing',
    expected: 'ACCEPT',
    trials: (scene) =>
      payloads(
        `${claims().slice(0, -1)},"__proto__":{"polluted":true}}`,
        `${claims().slice(0, -1)},"constructor":{"prototype":{"polluted":true}}}`,
      )(scene),
  },
];

function flipped(part: string): string {
  const bytes = Buffer.from(part, 'base64url');
  bytes.writeUInt8(bytes.readUInt8(9) ^ 1, 9);
  return bytes.toString('base64url');
}

function resized(part: string, length: number): string {
  return Buffer.concat([Buffer.from(part, 'base64url'), Buffer.alloc(1)])
    .subarray(0, length)
    .toString('base64url');
}
