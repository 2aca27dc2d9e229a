// The one place where the key of an authority meets a certificate or a token. It takes nothing that was not inspected.
import { sign, type KeyObject } from 'node:crypto';
import { signTbsCertificate } from '@credence/sdk/x509';
import type { JwtAlgorithm } from '../jwt-algorithm.js';
import type { InspectedTbs, InspectedToken } from '../rules/inspected.js';

/** The certificate, DER. Synchronous. */
export function signInspected(tbs: InspectedTbs, key: KeyObject): Buffer {
  return signTbsCertificate(tbs, key);
}

/** The token in JWS Compact Serialization (RFC 7515 §7.1). Synchronous. */
export function signInspectedToken(signingInput: InspectedToken, key: KeyObject, { hash }: JwtAlgorithm): string {
  // RFC 7518 §3.4: r and s one after the other; RSA takes no notice.
  const signature = sign(hash, Buffer.from(signingInput), { key, dsaEncoding: 'ieee-p1363' });
  return `${signingInput}.${signature.toString('base64url')}`;
}
