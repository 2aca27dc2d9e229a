// A bundle as a SPIFFE bundle document: a JWK Set (SPIFFE Trust Domain and Bundle §4).
import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { Bundle__Output } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';

/** Indented by four spaces, with a newline at its end; a refresh hint or sequence number of zero is left out. */
export function encodeSpiffeBundle(bundle: Bundle__Output): string {
  const document = {
    keys: [
      ...bundle.x509_authorities.map(({ asn1 }) => x509Key(asn1)),
      ...bundle.jwt_authorities.map((key) => publicKey('jwt-svid', key)),
      ...bundle.wit_authorities.map((key) => publicKey('wit-svid', key)),
    ],
    ...(bundle.sequence_number === '0' ? {} : { spiffe_sequence: bundle.sequence_number }),
    ...(bundle.refresh_hint === '0' ? {} : { spiffe_refresh_hint: Number(bundle.refresh_hint) }),
  };
  // All of uint64, which a number would round.
  const text = JSON.stringify(document, undefined, 4).replace(/^( {4}"spiffe_sequence": )"(\d+)"/m, '$1$2');
  return `${text}\n`;
}

// §4.2.3: the certificate is the only one in x5c.
function x509Key(certificate: Buffer): object {
  return jwkOf(new X509Certificate(certificate).publicKey, {
    use: 'x509-svid',
    x5c: [certificate.toString('base64')],
  });
}

function publicKey(
  use: string,
  { key_id: kid, public_key }: { readonly key_id: string; readonly public_key: Buffer },
): object {
  return jwkOf(createPublicKey({ key: public_key, format: 'der', type: 'spki' }), { use, kid });
}

interface Description {
  readonly use: string;
  readonly kid?: string;
  readonly x5c?: readonly string[];
}

function jwkOf(key: KeyObject, { use, kid, x5c }: Description): object {
  const { kty, crv, x, y, n, e } = key.export({ format: 'jwk' });
  return { use, kty, kid, crv, x, y, n, e, x5c };
}
