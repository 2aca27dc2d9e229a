// What a TLS client connects with: our SVID and the constrained authorities of this moment, and a check that replaces the
// one of host names by the one of SPIFFE IDs. Identity is the ID, not the DNS name (X509-SVID §5.2).
import type { ConnectionOptions, PeerCertificate } from 'node:tls';
import { silentLogger, systemClock } from '../runtime/index.js';
import type { Accepted } from './accepted.js';
import { checkBase, type MtlsClientOptions, type TlsClientOptions } from './options.js';
import { acceptPeer, peerChain } from './peer-verification.js';
import { authorities, credentials, secureContext } from './secure-context.js';

/** For `tls.connect` and everything built on it; an Error refuses the server. */
export type CheckServerIdentity = (host: string, certificate: PeerCertificate) => Error | undefined;

/** PEM and a check, for clients that build their own context, such as those of gRPC. */
export interface SecureContextParts {
  /** Trust-domain constrained authorities, PEM, never empty. */
  readonly ca: readonly string[];
  /** The certificate chain to present, PEM; absent without `svid`. */
  readonly cert: string | undefined;
  /** The private key, PKCS#8 PEM; absent without `svid`. */
  readonly key: string | undefined;
  /** Checks leaf, chain and authorization. It must be used with `rejectUnauthorized: true` and without resumption. */
  readonly checkServerIdentity: CheckServerIdentity;
}

/**
 * Options for one `tls.connect`; take new ones for each connection, because SVID and bundles change. Must not be given
 * a `session`: a resumed session skips the check.
 *
 * @throws TypeError for a `base` that decides over identity; what the sources throw.
 */
export function mtlsClientOptions(options: MtlsClientOptions): ConnectionOptions {
  return connectionOptions(options);
}

/** As `mtlsClientOptions`; `onAccepted` learns the peer. */
export function connectionOptions(
  options: TlsClientOptions,
  onAccepted?: (accepted: Accepted) => void,
): ConnectionOptions {
  checkBase(options.base ?? {});
  return {
    ...options.base,
    secureContext: secureContext(options),
    rejectUnauthorized: true,
    checkServerIdentity: serverCheck(options, onAccepted),
  };
}

/** What `mtlsClientOptions` holds, in parts. Throws what the sources throw. */
export function secureContextParts(options: TlsClientOptions): SecureContextParts {
  const own = options.svid === undefined ? undefined : credentials(options.svid.getX509Svid(), options.bundles.bundles);
  return {
    ca: authorities(options),
    cert: own?.cert,
    key: own?.key,
    checkServerIdentity: serverCheck(options),
  };
}

function serverCheck(options: TlsClientOptions, onAccepted?: (accepted: Accepted) => void): CheckServerIdentity {
  const { clock = systemClock, logger = silentLogger } = options;
  return (host, certificate) => {
    try {
      const accepted = acceptPeer(peerChain(certificate), { ...options, clock });
      onAccepted?.(accepted);
      return undefined;
    } catch (error) {
      const refused = error instanceof Error ? error : new Error('verification failed', { cause: error });
      logger.warn({ error: refused.message, host }, 'server refused');
      return refused;
    }
  };
}
