// The server's own X.509-SVID, `spiffe://<trust domain>/spire/server`: held in memory, with a new key each time, replaced
// at half of its life and when the authority that signed it is tainted.
import { EventEmitter } from 'node:events';
import { X509Svid, type X509SvidSource } from '@credence/sdk/svid';
import { exportPrivateKey, generateKey, publicKeyInfoOf, type KeyType } from '@credence/sdk/keys';
import type { Clock } from '@credence/sdk/runtime';
import { serverError } from '../domain/errors.js';
import type { OwnBundle } from './own-bundle.js';
import type { IssuedX509Svid } from './ports.js';

export interface ServerSvidOptions {
  readonly clock: Clock;
  readonly keyType: KeyType;
  readonly bundle: OwnBundle;
  readonly issue: (publicKeyInfo: Buffer) => IssuedX509Svid;
  /** The key ID of the authority that would sign now. */
  readonly activeKeyId: () => Buffer | undefined;
}

/** Emits `update` when the SVID was replaced. */
export class ServerSvid extends EventEmitter<{ update: [] }> implements X509SvidSource {
  readonly #options: ServerSvidOptions;
  #svid: X509Svid | undefined;

  constructor(options: ServerSvidOptions) {
    super();
    this.#options = options;
  }

  /** @throws `ERR_NOT_READY` before the first one. */
  getX509Svid(): X509Svid {
    if (this.#svid === undefined) throw serverError('ERR_NOT_READY', 'the server has no X.509-SVID of its own yet');
    return this.#svid;
  }

  /** Replaces the SVID when it is time. When that fails the old one stays. */
  async rotateWhenDue(): Promise<void> {
    if (this.#svid !== undefined && !this.#isDue(this.#svid)) return;
    const key = await generateKey(this.#options.keyType);
    const { chain } = this.#options.issue(publicKeyInfoOf(key));
    this.#svid = X509Svid.parseRaw(Buffer.concat(chain), exportPrivateKey(key));
    this.emit('update');
  }

  #isDue({ notBefore, expiresAt, leaf }: X509Svid): boolean {
    const halfLife = (notBefore.getTime() + expiresAt.getTime()) / 2;
    return this.#options.clock.now().getTime() > halfLife || this.#hasLostItsAuthority(leaf.authorityKeyId);
  }

  /** While the tainted authority is itself the active one, a new SVID would be no better. */
  #hasLostItsAuthority(keyId: Buffer | undefined): boolean {
    const { bundle, activeKeyId } = this.#options;
    const active = activeKeyId();
    if (keyId === undefined || active === undefined || active.equals(keyId)) return false;
    return bundle.isTainted(keyId);
  }
}
