// One authority and an issuer over it, at a standing instant.
import { TrustDomain } from '@credence/sdk';
import type { KeyType } from '@credence/sdk/keys';
import { systemRandom } from '@credence/sdk/runtime';
import { ManualClock } from '@credence/sdk/testing';
import { OwnBundle } from '../../../dist/ca/own-bundle.js';
import { defaultCaSubject } from '../../../dist/ca/templates/ca-certificate.js';
import type { X509SigningAuthority } from '../../../dist/ca/x509-authority.js';
import { X509AuthorityKind } from '../../../dist/ca/x509-authority-kind.js';
import { X509Issuer } from '../../../dist/ca/x509-issuer.js';
import { MemoryKeyManager } from '../../../dist/keys/memory-key-manager.js';
import { MemoryBundleStore } from './memory-stores.js';

export const now = new Date('2030-01-01T00:00:00Z');
export const trustDomain = TrustDomain.parse('example.org');

export interface IssuerFixture {
  readonly authority: X509SigningAuthority;
  readonly issuer: X509Issuer;
  readonly clock: ManualClock;
}

export async function createIssuer({
  keyType = 'ec-p256',
  caTtlMs = 86_400_000,
}: { keyType?: KeyType; caTtlMs?: number } = {}): Promise<IssuerFixture> {
  const clock = new ManualClock(now);
  const kind = new X509AuthorityKind({
    clock,
    random: systemRandom,
    keys: new MemoryKeyManager(),
    bundle: new OwnBundle(new MemoryBundleStore(), trustDomain),
    trustDomain,
    keyType,
    ttlMs: caTtlMs,
    subject: defaultCaSubject,
  });
  const authority = await kind.create('x509-CA-A');
  const issuer = new X509Issuer({
    clock,
    random: systemRandom,
    trustDomain,
    defaultTtlSeconds: 3600,
    caTtlMs,
    authority: () => authority,
  });
  return { authority, issuer, clock };
}
