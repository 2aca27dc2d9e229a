// What every TLS entry point of the SDK takes: who we are, whom we can verify, whom we allow. The three modes of a server
// and the three of a client differ in which of these there are.
import type { SecureServerOptions } from 'node:http2';
import type { ServerOptions as HttpsServerOptions } from 'node:https';
import type { ConnectionOptions, TlsOptions, TLSSocket } from 'node:tls';
import type { X509Bundle, X509BundleSource } from '../bundle/index.js';
import type { Clock, Logger, SpiffeError } from '../runtime/index.js';
import type { X509SvidSource } from '../svid/index.js';
import type { Authorizer } from './authorizer.js';

/** A bundle source that can also list what it holds: TLS must know every acceptable authority before a peer speaks. */
export interface TrustedBundles extends X509BundleSource {
  readonly bundles: readonly X509Bundle[];
}

interface Surroundings {
  /** Default: the clock of the machine. OpenSSL reads that one in any case. */
  readonly clock?: Clock | undefined;
  /** Told of every refused handshake. Default: silent. */
  readonly logger?: Logger | undefined;
}

/** How a peer is judged. There is no default authorizer: whoever may connect is always a decision. */
export interface PeerOptions extends Surroundings {
  /** A source that changes also offers `on` and `off` for the event `update` (see Observable). */
  readonly bundles: TrustedBundles;
  readonly authorize: Authorizer;
}

/** How long connections live. */
export interface LifetimeOptions {
  /** Whether a connection ends when its peer's SVID expires. Default true. */
  readonly closeOnPeerExpiry?: boolean | undefined;
  /** The age at which a connection ends, in milliseconds. Default: none. */
  readonly maxConnectionAgeMs?: number | undefined;
  /**
   * How long a connection that ends by expiry or age stays for the HTTP requests that it is serving, in milliseconds; no
   * other is served. Default 10,000. What is not HTTP ends at once, unless there is `onClosing`.
   */
  readonly graceMs?: number | undefined;
  /** Called when the grace of a connection that is not HTTP begins, so that its protocol can take leave. */
  readonly onClosing?: ((socket: TLSSocket) => void) | undefined;
}

/** Options of Node's that have nothing to do with identity, such as `ALPNProtocols` or `allowHTTP1`. */
export type ServerBase = TlsOptions & HttpsServerOptions & SecureServerOptions;

interface ServerSettings extends Surroundings, LifetimeOptions {
  /** Called with the reason whenever a client is refused: `ERR_SPIFFE_VERIFY` or `ERR_SPIFFE_UNAUTHORIZED`. */
  readonly onRefusal?: ((error: SpiffeError, socket: TLSSocket) => void) | undefined;
  readonly base?: ServerBase | undefined;
}

/** Mutual TLS: both sides show X.509-SVIDs. */
export interface MtlsServerOptions extends PeerOptions, ServerSettings {
  /** As `bundles`, it may offer the event `update`; the server then rotates to the new SVID. */
  readonly svid: X509SvidSource;
  /**
   * `required` (default): every client has an X.509-SVID. `optional`: a client without a certificate is let in, and
   * `peerOf` is undefined for it; a certificate that does not verify is refused all the same.
   */
  readonly clientAuthentication?: 'required' | 'optional' | undefined;
}

/** TLS: the server shows an X.509-SVID and asks clients for nothing. */
export interface TlsServerOptions extends ServerSettings {
  /** It may offer the event `update`; the server then rotates to the new SVID. */
  readonly svid: X509SvidSource;
  /** Written out, so that nobody leaves clients unauthenticated by leaving an option out. */
  readonly clientAuthentication: 'none';
}

/**
 * A certificate of the Web PKI and its key, PEM. They are read at each `update` that the object announces, if it offers
 * that event, and once otherwise.
 */
export interface WebCertificate {
  /** Leaf first. */
  readonly cert: string;
  readonly key: string;
}

/** Mutual TLS where the server shows a certificate of the Web PKI and clients show X.509-SVIDs. */
export interface MtlsWebServerOptions extends PeerOptions, ServerSettings {
  readonly webCertificate: WebCertificate;
  /** As for MtlsServerOptions. */
  readonly clientAuthentication?: 'required' | 'optional' | undefined;
}

/** The three modes of a server. */
export type ServerOptions = MtlsServerOptions | TlsServerOptions | MtlsWebServerOptions;

interface ClientSettings extends Surroundings, LifetimeOptions {
  /** Options of Node's that have nothing to do with identity, such as `ALPNProtocols`. */
  readonly base?: ConnectionOptions | undefined;
}

/** TLS: the server shows an X.509-SVID. */
export interface TlsClientOptions extends PeerOptions, ClientSettings {
  /** Absent: the client presents no certificate. */
  readonly svid?: X509SvidSource | undefined;
}

/** Mutual TLS: both sides show X.509-SVIDs. */
export interface MtlsClientOptions extends TlsClientOptions {
  readonly svid: X509SvidSource;
}

/** Mutual TLS with a server of the Web PKI: its host name counts, there is no SPIFFE ID to authorize. */
export interface MtlsWebClientOptions extends ClientSettings {
  readonly svid: X509SvidSource;
  /** PEM, one certificate an element; or `default`: what Node trusts, `NODE_EXTRA_CA_CERTS` included. */
  readonly webRoots: readonly string[] | 'default';
}

/** The three modes of a client. */
export type ClientOptions = TlsClientOptions | MtlsClientOptions | MtlsWebClientOptions;

/** @throws TypeError when it is not said whom the server lets in, or said twice. */
export function checkServerMode(options: ServerOptions): void {
  const authorize: unknown = 'authorize' in options ? options.authorize : undefined;
  if (options.clientAuthentication === 'none') {
    if (authorize === undefined) return;
    throw new TypeError("authorize cannot be used with clientAuthentication 'none': nobody would be asked");
  }
  if (typeof authorize !== 'function') {
    throw new TypeError(
      "authorize: expected an authorizer; a server that asks nobody says clientAuthentication: 'none'",
    );
  }
  checkBundles(options);
}

/** @throws TypeError when it is not said which servers the client trusts, or said twice. */
export function checkClientMode(options: ClientOptions): void {
  const authorize: unknown = 'authorize' in options ? options.authorize : undefined;
  if ('webRoots' in options) {
    if (authorize !== undefined) throw new TypeError('authorize cannot be used with webRoots: there is no SPIFFE ID');
    if (options.webRoots !== 'default' && !isPemList(options.webRoots)) {
      throw new TypeError("webRoots: expected 'default' or a list of PEM certificates that is not empty");
    }
  } else if (typeof authorize !== 'function') {
    throw new TypeError('authorize: expected an authorizer');
  } else {
    checkBundles(options);
  }
}

function checkBundles({ bundles }: { readonly bundles?: unknown }): void {
  if (bundles === undefined) throw new TypeError('bundles: expected a source of the bundles to verify peers by');
}

// What is empty would mean the roots of Node.
function isPemList(roots: unknown): boolean {
  return (
    Array.isArray(roots) &&
    roots.length > 0 &&
    roots.every((root) => typeof root === 'string' && root.includes('-----BEGIN'))
  );
}
