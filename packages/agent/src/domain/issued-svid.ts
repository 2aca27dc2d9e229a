// An X.509-SVID as the server issues it: a chain for a key that was made here.
import type { KeyObject } from 'node:crypto';
import type { SpiffeId } from '@credence/sdk/spiffeid';
import { X509Svid } from '@credence/sdk/svid';
import { exportPrivateKey } from '@credence/sdk/keys';

export interface IssuedSvid {
  readonly id: SpiffeId;
  /** DER, leaf first. */
  readonly chain: readonly Buffer[];
  /** Unencrypted PKCS#8 DER. */
  readonly privateKey: Buffer;
  readonly notBefore: Date;
  readonly expiresAt: Date;
}

/**
 * Reads the chain that was issued for the key.
 *
 * @throws as X509Svid.parseRaw: when it does not parse, breaks the profile, or is for another key.
 */
export function parseIssuedSvid(chain: readonly Buffer[], key: KeyObject): IssuedSvid {
  const { id, certificates, notBefore, expiresAt } = X509Svid.parseRaw(Buffer.concat(chain), key);
  return { id, chain: certificates.map(({ raw }) => raw), privateKey: exportPrivateKey(key), notBefore, expiresAt };
}
