// What a vector is: a chain shown to a verifier, and what has to come of it.
import type { KeyObject } from 'node:crypto';
import { X509BundleSet } from '@credence/sdk';
import { TestCa } from '@credence/sdk/testing';

/** One chain shown to a verifier. */
export interface Trial {
  /** DER, leaf first. */
  readonly chain: readonly Uint8Array[];
  /** For those who show it in a TLS handshake. */
  readonly privateKey?: KeyObject;
  /** Default: a.test and b.test, each with its own root. */
  readonly bundles?: X509BundleSet;
  readonly now?: Date;
}

interface Named {
  readonly id: string;
  readonly title: string;
  readonly make: (scene: Scene) => Promise<Trial> | Trial;
}

export interface Accepted extends Named {
  readonly expected: 'ACCEPT';
  /** Default `spiffe://a.test/w`. */
  readonly spiffeId?: string;
}

export interface Rejected extends Named {
  readonly expected: 'REJECT';
  readonly reason: string;
  /** The same configuration without the defect; it must be accepted first. Default: a plain leaf of a.test. */
  readonly twin?: (scene: Scene) => Promise<Trial> | Trial;
}

export type Vector = Accepted | Rejected;

/** Two trust domains and a validator that holds the bundles of both. */
export interface Scene {
  readonly a: TestCa;
  readonly b: TestCa;
  readonly bundles: X509BundleSet;
}

export async function createScene(): Promise<Scene> {
  const [a, b] = await Promise.all([TestCa.create('a.test'), TestCa.create('b.test')]);
  return { a, b, bundles: X509BundleSet.of(a.bundle(), b.bundle()) };
}

export const leafId = 'spiffe://a.test/w';

/** The positive control, XV-01. */
export function plainLeaf({ a }: Scene): Promise<Trial> {
  return a.credential(leafId);
}

/** A leaf of a CA made for one vector, and a validator that holds only that CA's bundle. */
export async function leafOf(ca: TestCa, id = leafId): Promise<Trial> {
  return { ...(await ca.credential(id)), bundles: X509BundleSet.of(ca.bundle()) };
}
