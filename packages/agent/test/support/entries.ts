import { JwtBundle, SpiffeId, TrustDomain } from '@credence/sdk';
import type { AuthorizedEntry } from '../../dist/domain/authorized-entry.js';
import type { TrustBundle, WorkloadX509Svid } from '../../dist/domain/workload-identity.js';
import { rotationTime, type Life } from '../../dist/identity/rotation-policy.js';

/** `unix:uid:1000` as a selector. */
export function selector(text: string): { type: string; value: string } {
  const colon = text.indexOf(':');
  return { type: text.slice(0, colon), value: text.slice(colon + 1) };
}

/** An entry of example.org; by default /<id> for uid 1000. */
export function entry(id: string, fields: Partial<AuthorizedEntry> = {}): AuthorizedEntry {
  return {
    id,
    spiffeId: SpiffeId.parse(`spiffe://example.org/${id}`),
    selectors: [selector('unix:uid:1000')],
    federatesWith: [],
    admin: false,
    downstream: false,
    storeSvid: false,
    hint: '',
    disableX509SvidPrefetch: false,
    jwtSvidIncludeJti: false,
    revisionNumber: 0n,
    createdAt: new Date('2030-01-01T00:00:00Z'),
    ...fields,
  };
}

export function bundle(name: string, ...authorities: readonly string[]): TrustBundle {
  return {
    trustDomain: TrustDomain.parse(name),
    x509Authorities: authorities.map((text) => ({ certificate: Buffer.from(text), tainted: false })),
    jwtBundle: JwtBundle.fromAuthorities(TrustDomain.parse(name), []),
    taintedJwtKeyIds: new Set(),
    refreshHintSeconds: 0,
    sequenceNumber: 0n,
  };
}

/** Not a certificate: for what does not look inside. */
export function svid(notBefore: Date, lifetimeMs: number, name = 'leaf'): WorkloadX509Svid {
  const expiresAt = new Date(notBefore.getTime() + lifetimeMs);
  return { chain: [Buffer.from(name)], privateKey: Buffer.from('key'), notBefore, expiresAt };
}

/** Jitter of exactly the middle. */
export const middle = { bytes: (count: number) => Buffer.alloc(count), uniform: () => 0.5 };

/** At exactly half of a life. */
export const rotation = { rotationTime: (life: Life): Date => rotationTime(life, middle) };
