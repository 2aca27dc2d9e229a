// What a TLS server is created with. The certificate, the authorities and the settings that go with them are those of
// this moment; attachServer keeps them current and checks what OpenSSL cannot.
import type { TlsOptions } from 'node:tls';
import { checkBase, type MtlsServerOptions } from './options.js';
import { secureContextOptions } from './secure-context.js';

/**
 * Options for `tls.createServer`, `https.createServer` or `http2.createSecureServer`. The server must be handed to
 * `attachServer` before it listens: without, nobody checks the leaf and the authorizer is never asked.
 *
 * @throws TypeError for a `base` that decides over identity; what the sources throw.
 */
export function mtlsServerOptions(options: MtlsServerOptions): TlsOptions {
  checkBase(options.base ?? {});
  return {
    ...options.base,
    ...secureContextOptions(options),
    requestCert: true,
    // Explicit, because NODE_TLS_REJECT_UNAUTHORIZED=0 changes the default. Where a certificate is optional Node must
    // let its absence pass; attachServer refuses what does not verify.
    rejectUnauthorized: options.clientAuthentication !== 'optional',
  };
}
