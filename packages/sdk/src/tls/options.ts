// What every TLS entry point of the SDK takes: who we are, whom we can verify, whom we allow.
import type { ConnectionOptions, SecureContextOptions, TlsOptions } from 'node:tls';
import type { X509Bundle, X509BundleSource } from '../bundle/index.js';
import type { Clock, Logger } from '../runtime/index.js';
import type { X509SvidSource } from '../svid/index.js';
import type { Authorizer } from './authorizer.js';

/** A bundle source that can also list what it holds: TLS must know every acceptable authority before a peer speaks. */
export interface TrustedBundles extends X509BundleSource {
  readonly bundles: readonly X509Bundle[];
}

/** How a peer is judged. There is no default authorizer: whoever may connect is always a decision. */
export interface PeerOptions {
  /** A source that changes also offers `on` and `off` for the event `update` (see Observable). */
  readonly bundles: TrustedBundles;
  readonly authorize: Authorizer;
  /** Default: the clock of the machine. OpenSSL reads that one in any case. */
  readonly clock?: Clock | undefined;
  /** Told of every refused handshake. Default: silent. */
  readonly logger?: Logger | undefined;
}

export interface MtlsServerOptions extends PeerOptions {
  /** As `bundles`, it may offer the event `update`; the server then rotates to the new SVID. */
  readonly svid: X509SvidSource;
  /**
   * `required` (default): every client has an X.509-SVID. `optional`: a client without a certificate is let in, and
   * `peerOf` is undefined for it; a certificate that does not verify is refused all the same.
   */
  readonly clientAuthentication?: 'required' | 'optional' | undefined;
  /** Whether a connection ends when its peer's SVID expires. Default true. */
  readonly closeOnPeerExpiry?: boolean | undefined;
  /** Options of Node's that have nothing to do with identity, such as `ALPNProtocols`. */
  readonly base?: TlsOptions | undefined;
}

export interface TlsClientOptions extends PeerOptions {
  /** Absent: the client presents no certificate. */
  readonly svid?: X509SvidSource | undefined;
  /** Options of Node's that have nothing to do with identity, such as `ALPNProtocols`. */
  readonly base?: ConnectionOptions | undefined;
}

export interface MtlsClientOptions extends TlsClientOptions {
  readonly svid: X509SvidSource;
}

/** What decides over identity, or silently weakens it, is ours alone. */
const reserved = [
  'ca',
  'cert',
  'key',
  'pfx',
  'passphrase',
  'secureContext',
  'secureProtocol',
  'rejectUnauthorized',
  'requestCert',
  'checkServerIdentity',
  'SNICallback',
  'pskCallback',
  'session',
  'ticketKeys',
  'allowPartialTrustChain',
  'privateKeyEngine',
  'privateKeyIdentifier',
  'clientCertEngine',
  'enableTrace',
] as const;

/** @throws TypeError when `base` sets an option that is ours, or a protocol below TLS 1.2. */
export function checkBase(base: SecureContextOptions): void {
  for (const option of reserved) {
    if (Object.hasOwn(base, option)) throw new TypeError(`base.${option} is not accepted: it decides over identity`);
  }
  for (const version of [base.minVersion, base.maxVersion]) {
    if (version !== undefined && version !== 'TLSv1.2' && version !== 'TLSv1.3') {
      throw new TypeError(`base names the protocol ${version}; accepted are TLSv1.2 and TLSv1.3`);
    }
  }
}
