// What a bundle vector is: documents, and what a consumer has to make of each. Entries are written by node:crypto and the
// test CA; the good ones are "x" (X.509) and "j" (JWT).
import { generateKeyPair, type JsonWebKey, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { SpiffeBundle, TrustDomain } from '@credence/sdk';
import { TestCa } from '@credence/sdk/testing';
import type { Certificate } from '@credence/sdk/x509';

/** JSON members; any value, also those that a JWK must not have. */
export type Entry = Readonly<Record<string, unknown>>;

export interface Scene {
  readonly ca: TestCa;
  readonly jwtKey: KeyObject;
  readonly rsaKey: KeyObject;
  /** A good entry of an X.509 authority. */
  readonly x: Entry;
  /** A good entry of a JWT authority, "k1". */
  readonly j: Entry;
}

export const aTest = TrustDomain.parse('a.test');
export const makePair = promisify(generateKeyPair);

export async function createScene(): Promise<Scene> {
  const [ca, ec, rsa] = await Promise.all([
    TestCa.create('a.test'),
    makePair('ec', { namedCurve: 'P-256' }),
    makePair('rsa', { modulusLength: 2048 }),
  ]);
  const j = { ...publicMembers(ec.publicKey), use: 'jwt-svid', kid: 'k1' };
  return { ca, jwtKey: ec.publicKey, rsaKey: rsa.publicKey, x: x509Entry(ca.certificate), j };
}

export function publicMembers(key: KeyObject): JsonWebKey {
  return key.export({ format: 'jwk' });
}

export function x509Entry(certificate: Certificate): Entry {
  const x5c = [certificate.raw.toString('base64')];
  return { ...publicMembers(certificate.publicKey), use: 'x509-svid', x5c };
}

/** The entry without one member. */
export function without(entry: Entry, name: string): Entry {
  return Object.fromEntries(Object.entries(entry).filter(([member]) => member !== name));
}

export const parse = (json: string | Uint8Array): SpiffeBundle => SpiffeBundle.parse(aTest, json);

export const document = (keys: readonly unknown[], members: Entry = {}): string => JSON.stringify({ keys, ...members });

/** How many authorities of each kind a bundle holds. */
export function count({ x509, jwt }: SpiffeBundle): string {
  return `${x509.authorities.length} X.509, ${jwt.authorities.length} JWT`;
}
