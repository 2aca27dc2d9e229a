// How JWT authorities are made, published and found again.
import type { TrustDomain } from '@credence/sdk';
import { isKeyPair, type KeyType } from '@credence/sdk/keys';
import type { Clock, Random } from '@credence/sdk/runtime';
import type { JwtAuthority, TrustBundle } from '../domain/trust-bundle.js';
import type { KeyManager } from '../keys/key-manager.js';
import type { AuthorityKind, AuthorityRecord, Restored } from './authority.js';
import { JwtSigningAuthority } from './jwt-authority.js';
import { createKeyId } from './key-id.js';
import type { OwnBundle } from './own-bundle.js';
import type { UpstreamAuthority } from './upstream/upstream-authority.js';
import { withoutRevoked, withTainted, type AuthorityWords } from './withdrawal.js';

export interface JwtAuthorityKindOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly keys: KeyManager;
  readonly bundle: OwnBundle;
  readonly trustDomain: TrustDomain;
  readonly keyType: KeyType;
  readonly ttlMs: number;
  readonly upstream?: Pick<UpstreamAuthority, 'publishJwtAuthority'> | undefined;
}

/** JWT authorities, kept under the key IDs `JWT-Signer-A` and `JWT-Signer-B`. */
export class JwtAuthorityKind implements AuthorityKind<JwtSigningAuthority> {
  readonly name: string = 'JWT-Signer';
  readonly #options: JwtAuthorityKindOptions;

  constructor(options: JwtAuthorityKindOptions) {
    this.#options = options;
  }

  async create(keyId: string): Promise<JwtSigningAuthority> {
    const { clock, keys, keyType, random, trustDomain, ttlMs } = this.#options;
    const { privateKey } = await keys.generate(keyId, keyType);
    const issuedAt = clock.now();
    const expiresAt = wholeSeconds(issuedAt.getTime() + ttlMs);
    return new JwtSigningAuthority({ id: createKeyId(random), issuedAt, expiresAt, privateKey, trustDomain });
  }

  /** First above: what the whole trust domain does not know, nothing may be signed with. */
  async publish({ id, published, expiresAt }: JwtSigningAuthority): Promise<void> {
    const { bundle, upstream } = this.#options;
    const authority = { keyId: id, publicKey: published, expiresAt, tainted: false };
    await upstream?.publishJwtAuthority?.(authority);
    await bundle.append({ jwtAuthorities: [authority] });
  }

  restore(record: AuthorityRecord, keyId: string, bundle: TrustBundle | undefined): Restored<JwtSigningAuthority> {
    const key = this.#options.keys.get(keyId);
    if (key === undefined) return unusable(`key ${keyId} is missing`);
    const isPublished = bundle?.jwtAuthorities.some(
      (authority) => authority.keyId === record.id && authority.publicKey.equals(record.published),
    );
    if (isPublished !== true) return unusable('its public key is not in the trust bundle');
    if (!isKeyPair(record.published, key.privateKey)) return unusable(`key ${keyId} is not the one it had`);
    const { trustDomain } = this.#options;
    const { id, issuedAt, expiresAt } = record;
    const authority = new JwtSigningAuthority({ id, issuedAt, expiresAt, privateKey: key.privateKey, trustDomain });
    return { kind: 'usable', authority };
  }

  async taint(id: string): Promise<void> {
    await this.#options.bundle.change(({ jwtAuthorities }) => ({
      jwtAuthorities: withTainted(jwtAuthorities, hasKeyId(id), words),
    }));
  }

  async revoke(id: string): Promise<void> {
    await this.#options.bundle.change(({ jwtAuthorities }) => ({
      jwtAuthorities: withoutRevoked(jwtAuthorities, hasKeyId(id), words),
    }));
  }
}

const words: AuthorityWords = { kind: 'JWT', noun: 'key', id: 'key ID' };

function hasKeyId(id: string): (authority: JwtAuthority) => boolean {
  return ({ keyId }) => keyId === id;
}

// As the APIs show it, and as a token says it.
function wholeSeconds(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}

function unusable(reason: string): Restored<never> {
  return { kind: 'unusable', reason };
}
