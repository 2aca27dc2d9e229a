// Where a server's own certificate and its peers' authorities come from, and what it says when it has none.
import { sdkError, type SpiffeError } from '../runtime/index.js';
import type { ServerOptions } from './options.js';

/** Whose updates concern a server. */
export function sourcesOfServer(options: ServerOptions): readonly object[] {
  const shown = 'webCertificate' in options ? options.webCertificate : options.svid;
  return 'bundles' in options ? [shown, options.bundles] : [shown];
}

/** ERR_SPIFFE_VERIFY, reason `no-identity`. */
export function noServerIdentity(): SpiffeError {
  return sdkError('ERR_SPIFFE_VERIFY', 'this server has no identity at present', {
    details: { reason: 'no-identity' },
  });
}
