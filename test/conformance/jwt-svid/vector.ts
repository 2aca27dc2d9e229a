// What a vector is: tokens shown to a verifier, and what has to come of each. Tokens are signed by node:crypto alone, so that
// nothing of the code under test helps to make them.
import { constants, createHmac, generateKeyPair, sign, type JsonWebKey, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import {
  JwtBundle,
  JwtBundleSet,
  TrustDomain,
  type JwtBundleSource,
  type JwtReason,
  type VerifyJwtSvidOptions,
} from '@credence/sdk';

/** One token shown to a verifier. */
export interface Trial {
  readonly token: string;
  /** Default: a.test and b.test, each with its own key "k1". */
  readonly bundles?: JwtBundleSource;
  readonly options?: Partial<VerifyJwtSvidOptions>;
}

type Make = (scene: Scene) => readonly Trial[] | Promise<readonly Trial[]>;

interface Named {
  readonly id: string;
  readonly title: string;
  /** All of them have to come out as expected. */
  readonly trials: Make;
}

export interface Accepted extends Named {
  readonly expected: 'ACCEPT';
}

export interface Rejected extends Named {
  readonly expected: 'REJECT';
  readonly reason: JwtReason;
  /** The same configuration without the defect; it must be accepted first. Default: a plain token. */
  readonly twins?: Make;
}

export type Vector = Accepted | Rejected;

export interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Two trust domains, whose keys have the same ID. */
export interface Scene {
  readonly a: Pair;
  readonly b: Pair;
  readonly rsa: Pair;
  readonly ed25519: Pair;
  readonly bundles: JwtBundleSet;
}

/** What a token is made of; a text or bytes in place of an object are taken as they are. */
export interface Draft {
  readonly header?: Readonly<Record<string, unknown>> | string | Buffer;
  readonly claims?: Readonly<Record<string, unknown>> | string | Buffer;
  readonly key?: KeyObject;
}

export const aTest = TrustDomain.parse('a.test');
export const bTest = TrustDomain.parse('b.test');
export const plainId = 'spiffe://a.test/w';
const makePair = promisify(generateKeyPair);

export async function createScene(): Promise<Scene> {
  const [a, b, rsa, ed25519] = await Promise.all([
    makePair('ec', { namedCurve: 'P-256' }),
    makePair('ec', { namedCurve: 'P-256' }),
    makePair('rsa', { modulusLength: 2048 }),
    makePair('ed25519'),
  ]);
  const bundles = JwtBundleSet.of(bundleOf({ k1: a }), bundleOf({ k1: b }, bTest));
  return { a, b, rsa, ed25519, bundles };
}

export function bundleOf(pairs: Readonly<Record<string, Pair>>, trustDomain = aTest): JwtBundle {
  const keys = Object.entries(pairs).map(([keyId, { publicKey }]) => ({ keyId, publicKey }));
  return JwtBundle.fromAuthorities(trustDomain, keys);
}

/** A validator that holds one bundle of a.test, as a document. */
export function holding(...keys: readonly JsonWebKey[]): JwtBundleSource {
  return JwtBundleSet.of(JwtBundle.parse(aTest, JSON.stringify({ keys })));
}

export function jwk({ publicKey }: Pair, members: JsonWebKey = {}): JsonWebKey {
  return { ...publicKey.export({ format: 'jwk' }), kid: 'k1', ...members };
}

export const seconds = (offset = 0): number => Math.floor(Date.now() / 1000) + offset;

/** A token of a.test for "me", but for what the draft says. */
export function draft(scene: Scene, { header = {}, claims = {}, key = scene.a.privateKey }: Draft = {}): string {
  const usualHeader = { alg: 'ES256', kid: 'k1', typ: 'JWT' };
  const usualClaims = { sub: plainId, aud: ['me'], exp: seconds(300) };
  const text = `${encode(header, usualHeader)}.${encode(claims, usualClaims)}`;
  const algorithm: unknown = isText(header) ? undefined : header['alg'];
  return `${text}.${signature(text, typeof algorithm === 'string' ? algorithm : 'ES256', key)}`;
}

/** Trials of tokens with these headers. */
export const headers =
  (...all: readonly NonNullable<Draft['header']>[]) =>
  (scene: Scene): readonly Trial[] =>
    all.map((header) => ({ token: draft(scene, { header }) }));

/** Trials of tokens with these claims. */
export const payloads =
  (...all: readonly NonNullable<Draft['claims']>[]) =>
  (scene: Scene): readonly Trial[] =>
    all.map((claims) => ({ token: draft(scene, { claims }) }));

/** RFC 7518 §3; what is no signature algorithm of it is signed as ES256. */
export function signature(text: string, algorithm: string, key: KeyObject): string {
  if (key.type === 'secret')
    return createHmac(`sha${algorithm.slice(2)}`, key)
      .update(text)
      .digest('base64url');
  if (key.asymmetricKeyType === 'ed25519') return sign(null, Buffer.from(text), key).toString('base64url');
  const hash = `sha${/^..(256|384|512)$/.exec(algorithm)?.[1] ?? '256'}`;
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  const options = algorithm.startsWith('PS') ? pss : {};
  return sign(hash, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363', ...options }).toString('base64url');
}

export function encode(part: NonNullable<Draft['header']>, usual: object = {}): string {
  const bytes = isText(part) ? Buffer.from(part) : Buffer.from(JSON.stringify({ ...usual, ...part }));
  return bytes.toString('base64url');
}

function isText(part: NonNullable<Draft['header']>): part is string | Buffer {
  return typeof part === 'string' || Buffer.isBuffer(part);
}
