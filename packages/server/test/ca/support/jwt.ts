// JWT authorities and an issuer over them, at a standing instant.
import { SpiffeId, TrustDomain } from '@credence/sdk';
import type { KeyType } from '@credence/sdk/keys';
import { systemRandom } from '@credence/sdk/runtime';
import { ManualClock } from '@credence/sdk/testing';
import type { JwtSigningAuthority } from '../../../dist/ca/jwt-authority.js';
import { JwtAuthorityKind } from '../../../dist/ca/jwt-authority-kind.js';
import { JwtIssuer } from '../../../dist/ca/jwt-issuer.js';
import { OwnBundle } from '../../../dist/ca/own-bundle.js';
import type { JwtSvidRequest } from '../../../dist/ca/ports.js';
import { MemoryKeyManager } from '../../../dist/keys/memory-key-manager.js';
import { MemoryBundleStore } from './memory-stores.js';

export const now = new Date('2030-01-01T00:00:00.750Z');
export const trustDomain = TrustDomain.parse('example.org');
export const webId = SpiffeId.parse('spiffe://example.org/web');
export const request: JwtSvidRequest = { spiffeId: webId, audience: ['api'], ttlSeconds: 0, includeTokenId: false };

export interface JwtFixture {
  readonly authority: JwtSigningAuthority;
  readonly issuer: JwtIssuer;
  readonly clock: ManualClock;
}

export async function createJwtIssuer({
  keyType = 'ec-p256',
  ttlMs = 86_400_000,
  issuer,
}: { keyType?: KeyType; ttlMs?: number; issuer?: string } = {}): Promise<JwtFixture> {
  const clock = new ManualClock(now);
  const bundle = new OwnBundle(new MemoryBundleStore(), trustDomain);
  const common = { clock, random: systemRandom };
  const kind = new JwtAuthorityKind({ ...common, keys: new MemoryKeyManager(), bundle, trustDomain, keyType, ttlMs });
  const authority = await kind.create('JWT-Signer-A');
  const jwtIssuer = new JwtIssuer({ ...common, defaultTtlSeconds: 300, issuer, authority: () => authority });
  return { authority, issuer: jwtIssuer, clock };
}

/** Header and payload of a token. */
export function partsOf(token: string): readonly [header: unknown, payload: Record<string, unknown>] {
  const [header = '', payload = ''] = token.split('.');
  const decode = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
  return [decode(header), decode(payload) as Record<string, unknown>];
}
