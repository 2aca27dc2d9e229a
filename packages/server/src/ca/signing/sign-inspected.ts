// The one place where the key of an authority meets a certificate. It takes nothing that was not inspected.
import type { KeyObject } from 'node:crypto';
import { signTbsCertificate } from '@credence/sdk/x509';
import type { InspectedTbs } from '../rules/inspected.js';

/** The certificate, DER. Synchronous. */
export function signInspected(tbs: InspectedTbs, key: KeyObject): Buffer {
  return signTbsCertificate(tbs, key);
}
