// What a TLS server is created with, in each of the three modes. The certificate, the authorities and the settings that go
// with them are those of this moment; attachServer keeps them current and checks what OpenSSL cannot.
import type { TlsOptions } from 'node:tls';
import { checkBase } from './base-options.js';
import {
  checkServerMode,
  type MtlsServerOptions,
  type MtlsWebServerOptions,
  type ServerOptions,
  type TlsServerOptions,
} from './options.js';
import { secureContextOptions } from './secure-context.js';

/**
 * Options for `tls.createServer`, `https.createServer` or `http2.createSecureServer`. The server must be handed to
 * `attachServer` before it listens: without, nobody checks the leaf and the authorizer is never asked.
 *
 * @throws TypeError for a `base` that decides over identity; what the sources throw.
 */
export function mtlsServerOptions(options: MtlsServerOptions): TlsOptions {
  return serverOptions(options);
}

/** As `mtlsServerOptions`, for a server that asks clients for no certificate. It must be attached too, to rotate. */
export function tlsServerOptions(options: TlsServerOptions): TlsOptions {
  return serverOptions(options);
}

/** As `mtlsServerOptions`, for a server that shows a certificate of the Web PKI. */
export function mtlsWebServerOptions(options: MtlsWebServerOptions): TlsOptions {
  return serverOptions(options);
}

/** Of any mode. */
export function serverOptions(options: ServerOptions): TlsOptions {
  checkBase(options.base ?? {});
  checkServerMode(options);
  return {
    ...options.base,
    ...secureContextOptions(options),
    requestCert: options.clientAuthentication !== 'none',
    // Explicit, because NODE_TLS_REJECT_UNAUTHORIZED=0 changes the default. Where a certificate is optional Node must
    // let its absence pass; attachServer refuses what does not verify.
    rejectUnauthorized: options.clientAuthentication !== 'optional',
  };
}
