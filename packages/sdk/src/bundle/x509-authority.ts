// An X.509 authority as a JSON Web Key (X509-SVID §6): the certificate in "x5c", its public key beside it.
import { decodeBase64, type JsonObject } from '../json/index.js';
import { importJwk, importPublicKey, publicJwkOf, publicKeyInfoOf } from '../keys/index.js';
import { Certificate } from '../x509/index.js';
import { unusable } from './jwk-set.js';

/**
 * The authority of an entry whose "use" is "x509-svid".
 *
 * @throws SpiffeError `ERR_SPIFFE_BUNDLE`, `ERR_SPIFFE_KEY`, `ERR_SPIFFE_ENCODING`, `ERR_SPIFFE_CERTIFICATE`
 */
export function readX509Authority(entry: JsonObject): Certificate {
  const certificate = Certificate.parse(firstOf(entry['x5c']));
  // RFC 7517 §4.7: the key of the first certificate is the one that the other members represent.
  if (!publicKeyInfoOf(importJwk(entry)).equals(publicKeyInfoOf(importPublicKey(certificate.publicKeyInfo)))) {
    throw unusable('its "x5c" is of another key (RFC 7517 §4.7)');
  }
  // X509-SVID §3.2; anything else would make an anchor of whoever holds a leaf.
  if (!certificate.isCa || certificate.keyUsage?.has('keyCertSign') !== true) {
    throw unusable('its certificate is no signing certificate (X509-SVID §3.2)');
  }
  return certificate;
}

/** X509-SVID §6.1: exactly one certificate, and no "kid". */
export function x509JwkOf(authority: Certificate): JsonObject {
  const key = importPublicKey(authority.publicKeyInfo);
  return { ...publicJwkOf(key), x5c: [authority.raw.toString('base64')] };
}

// X509-SVID §6.2: an entry without certificates is ignored, and of several the first counts.
function firstOf(x5c: unknown): Buffer {
  const first: unknown = Array.isArray(x5c) ? x5c[0] : undefined;
  const der = typeof first === 'string' ? decodeBase64(first) : undefined;
  if (der === undefined) throw unusable('expected "x5c" to start with a certificate in base64 (X509-SVID §6.2)');
  return der;
}
