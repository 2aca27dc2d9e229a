// BV-05 … BV-22: entries that are left out, while the others stay good.
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { TestCa } from '@credence/sdk/testing';
import { makePair, publicMembers, without, x509Entry, type Entry, type Scene } from './vector.js';

export interface EntryVector {
  readonly id: string;
  readonly title: string;
  /** Each is put before, between and behind the good ones. */
  readonly entries: (scene: Scene) => readonly unknown[] | Promise<readonly unknown[]>;
}

const withUse =
  (...uses: readonly unknown[]) =>
  ({ j, x }: Scene): readonly Entry[] =>
    uses.flatMap((use) => [
      { ...j, kid: 'k2', use },
      { ...x, use },
    ]);

export const ignored: readonly EntryVector[] = [
  {
    id: 'BV-05',
    title: 'without "use" (§4.2.2)',
    entries: ({ j, x }) => [without({ ...j, kid: 'k2' }, 'use'), without(x, 'use')],
  },
  {
    id: 'BV-06',
    title: 'of an unknown "use"; case counts (§4.2.2)',
    entries: withUse('sig', 'foo', 'JWT-SVID', 'X509-SVID', ['jwt-svid'], 7, null, ''),
  },
  { id: 'BV-07', title: 'for WIT-SVIDs', entries: withUse('wit-svid') },
  {
    id: 'BV-08',
    title: 'without "kty", or of an unknown one (§4.2.1)',
    entries: async ({ j, x }) => {
      const ed25519 = publicMembers((await promisify(generateKeyPair)('ed25519')).publicKey);
      return [
        without({ ...j, kid: 'k2' }, 'kty'),
        { ...j, kid: 'k2', kty: 'XYZ' },
        { ...j, kid: 'k2', kty: ['EC'] },
        without(x, 'kty'),
        { ...x, kty: 'XYZ' },
        { ...ed25519, use: 'jwt-svid', kid: 'k2' },
      ];
    },
  },
  {
    id: 'BV-09',
    title: 'of a symmetric key',
    entries: () => [{ kty: 'oct', k: 'c2VjcmV0', use: 'jwt-svid', kid: 'k2' }],
  },
  {
    id: 'BV-10',
    title: 'for X.509-SVIDs without a certificate (X509-SVID §6.2)',
    entries: ({ x }) => [without(x, 'x5c'), ...[[], '', null, {}, [7], [null]].map((x5c) => ({ ...x, x5c }))],
  },
  {
    id: 'BV-12',
    title: 'whose "x5c" is not one certificate in base64 (RFC 7517 §4.7)',
    entries: ({ ca, x }) => {
      const { raw } = ca.certificate;
      const base64 = raw.toString('base64');
      return [
        ca.certificate.toPem(),
        raw.toString('base64url'),
        (base64.match(/.{1,64}/g) ?? []).join('\n'),
        Buffer.from('no certificate').toString('base64'),
        Buffer.concat([raw, Buffer.of(0)]).toString('base64'),
        Buffer.concat([raw, raw]).toString('base64'),
        `${base64}=`,
      ].map((text) => ({ ...x, x5c: [text] }));
    },
  },
  {
    id: 'BV-13',
    title: 'whose certificate is of another key (RFC 7517 §4.7)',
    entries: async ({ rsaKey, x }) => [
      { ...x, x5c: x509Entry((await TestCa.create('a.test')).certificate)['x5c'] },
      { ...publicMembers(rsaKey), use: 'x509-svid', x5c: x['x5c'] },
    ],
  },
  {
    id: 'BV-14',
    title: 'whose certificate is no signing certificate (X509-SVID §3.2)',
    entries: async ({ ca }) => {
      const { leaf } = await ca.x509Svid('/w');
      const noCa = await ca.childCa({ basicConstraints: { ca: false } });
      const noSigner = await ca.childCa({ keyUsage: ['cRLSign'] });
      return [leaf, noCa.certificate, noSigner.certificate].map(x509Entry);
    },
  },
  {
    id: 'BV-17',
    title: 'for JWT-SVIDs without a key ID (JWT-SVID §6.1)',
    entries: ({ j }) => [without(j, 'kid'), ...['', null, 7, ['k2']].map((kid) => ({ ...j, kid }))],
  },
  {
    id: 'BV-20',
    title: 'with private members',
    entries: async ({ j, x }) => {
      const [ec, rsa] = [await makePair('ec', { namedCurve: 'P-256' }), await makePair('rsa', { modulusLength: 2048 })];
      const names = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
      return [
        { ...publicMembers(ec.privateKey), use: 'jwt-svid', kid: 'k2' },
        { ...publicMembers(rsa.privateKey), use: 'jwt-svid', kid: 'k2' },
        ...names.map((name) => ({ ...j, kid: 'k2', [name]: 'AQAB' })),
        ...names.map((name) => ({ ...x, [name]: null })),
      ];
    },
  },
  {
    id: 'BV-21',
    title: 'of a key that is no valid one of its type',
    entries: ({ j, rsaKey }) => {
      const rsa = publicMembers(rsaKey);
      const even = Buffer.from(rsa.n ?? '', 'base64url');
      even.writeUInt8(even.readUInt8(255) & 0xfe, 255);
      const short = Buffer.from(String(j['x']), 'base64url').subarray(1).toString('base64url');
      return [
        { ...j, x: j['y'] },
        { ...j, x: Buffer.alloc(32).toString('base64url'), y: Buffer.alloc(32).toString('base64url') },
        { ...j, x: short },
        { ...j, x: Buffer.concat([Buffer.alloc(1), Buffer.from(String(j['x']), 'base64url')]).toString('base64url') },
        { ...j, x: `${String(j['x'])}=` },
        { ...j, crv: 'P-384' },
        { ...j, crv: 'secp256k1' },
        without(j, 'y'),
        { ...rsa, e: 'AQ', use: 'jwt-svid' },
        { ...rsa, n: even.toString('base64url'), use: 'jwt-svid' },
        { ...rsa, n: 'AQAB', use: 'jwt-svid' },
        { ...rsa, n: '', use: 'jwt-svid' },
      ].map((entry) => ({ ...entry, kid: 'k2' }));
    },
  },
  {
    id: 'BV-22',
    title: 'of a key for other operations or another algorithm (RFC 7517 §§4.3, 4.4)',
    entries: ({ j }) =>
      [
        { key_ops: ['sign'] },
        { key_ops: [] },
        { key_ops: 'verify' },
        { alg: 'ES384' },
        { alg: 'RS256' },
        { alg: 'HS256' },
        { alg: 7 },
      ].map((members) => ({ ...j, kid: 'k2', ...members })),
  },
  {
    id: 'TDB-4.1.3-b',
    title: 'that is no JSON object',
    entries: () => [null, 'k2', 7, [], true],
  },
];
