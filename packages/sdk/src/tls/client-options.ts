// What a TLS client connects with, in each of the three modes: what we show and whom we trust at this moment, and where the
// server has a SPIFFE ID, a check of it in place of the host name. Identity is the ID, not the DNS name (X509-SVID §5.2).
import type { ConnectionOptions, PeerCertificate } from 'node:tls';
import { guarded, systemClock } from '../runtime/index.js';
import type { Accepted } from './accepted.js';
import { checkBase } from './base-options.js';
import {
  checkClientMode,
  type ClientOptions,
  type MtlsClientOptions,
  type MtlsWebClientOptions,
  type TlsClientOptions,
} from './options.js';
import { acceptKnownPeer, acceptPeer, peerChain } from './peer-verification.js';
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
 * Of one connection, also for `https.request`: the pools of Node's agents do not tell authorizers apart, and would serve
 * one with what was opened for another.
 */
export type OneConnection = ConnectionOptions & { readonly agent: false };

/**
 * Options for one `tls.connect`; take new ones for each connection, because SVID and bundles change. Must not be given
 * a `session`, nor an `agent` that is shared: a resumed session and a connection out of a pool skip the check.
 *
 * @throws TypeError for a `base` that decides over identity; what the sources throw.
 */
export function mtlsClientOptions(options: MtlsClientOptions): OneConnection {
  if ((options.svid as unknown) === undefined) throw new TypeError('svid: expected a source of X.509-SVIDs');
  return { ...connectionOptions(options), agent: false };
}

/** As `mtlsClientOptions`, for a client that presents no certificate, though it may have one. */
export function tlsClientOptions(options: TlsClientOptions): OneConnection {
  return { ...connectionOptions({ ...options, svid: undefined }), agent: false };
}

/** As `mtlsClientOptions`, for a server of the Web PKI; Node checks its host name. */
export function mtlsWebClientOptions(options: MtlsWebClientOptions): OneConnection {
  return { ...connectionOptions(options), agent: false };
}

/** Of any mode; `onAccepted` learns the peer where there is a SPIFFE ID. */
export function connectionOptions(
  options: ClientOptions,
  onAccepted?: (accepted: Accepted) => void,
): ConnectionOptions {
  checkBase(options.base ?? {});
  checkClientMode(options);
  return {
    ...options.base,
    secureContext: secureContext(options),
    rejectUnauthorized: true,
    ...('webRoots' in options ? {} : { checkServerIdentity: serverCheck(options, onAccepted) }),
  };
}

/** What `mtlsClientOptions` holds, in parts. Throws what the sources throw. */
export function secureContextParts(options: TlsClientOptions): SecureContextParts {
  checkClientMode(options);
  const own = credentials(options);
  return {
    ca: authorities(options),
    cert: own?.cert,
    key: own?.key,
    checkServerIdentity: serverCheck(options),
  };
}

function serverCheck(options: TlsClientOptions, onAccepted?: (accepted: Accepted) => void): CheckServerIdentity {
  const { clock = systemClock } = options;
  const logger = guarded(options.logger);
  const verification = { ...options, clock };
  return (host, certificate) => {
    try {
      const known = acceptKnownPeer(certificate.raw, verification);
      // Before the call: an optional call does not evaluate its arguments when there is nobody to be told.
      const accepted = known ?? acceptPeer(peerChain(certificate), verification);
      onAccepted?.(accepted);
      return undefined;
    } catch (error) {
      const refused = error instanceof Error ? error : new Error('verification failed', { cause: error });
      logger.warn({ error: refused.message, host }, 'server refused');
      return refused;
    }
  };
}
