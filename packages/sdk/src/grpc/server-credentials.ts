// Server credentials for @grpc/grpc-js that follow their sources, for programs that call `bindAsync`. What they do not
// have of `serveGrpc`: nobody is told to leave before the end of a connection.
import { ServerCredentials, type ServerInterceptor } from '@grpc/grpc-js';
import type { SecureContextOptions } from 'node:tls';
import { guarded, silentLogger, systemClock } from '../runtime/index.js';
import { describeError } from '../tls/connections.js';
import { watchSources } from '../tls/observable.js';
import type {
  LifetimeOptions,
  MtlsServerOptions,
  MtlsWebServerOptions,
  ServerOptions,
  TlsServerOptions,
} from '../tls/options.js';
import { secureContextOptions } from '../tls/secure-context.js';
import { serverOptions } from '../tls/server-options.js';
import { noServerIdentity, sourcesOfServer } from '../tls/server-sources.js';
import { admitting } from './admitting.js';
import { CallPeers } from './call-peers.js';
import { createGate } from './gate.js';

type NotHere = 'clientAuthentication' | 'onRefusal' | Exclude<keyof LifetimeOptions, 'closeOnPeerExpiry'>;

/** Without what grpc-js leaves no room for; `serveGrpc` takes all. */
export type MtlsServerCredentialsOptions = Omit<MtlsServerOptions, NotHere>;
export type TlsServerCredentialsOptions = Omit<TlsServerOptions, NotHere>;
export type MtlsWebServerCredentialsOptions = Omit<MtlsWebServerOptions, NotHere>;

/**
 * For `server.bindAsync` with a TCP address. Every client has an X.509-SVID, or gets no connection; one that is not
 * authorized gets PERMISSION_DENIED. `peerOfCall(call)` tells who calls. A connection ends when the SVID of its client
 * expires or the client would no longer verify; calls on it fail with UNAVAILABLE.
 *
 * @throws TypeError for a `base` that decides over identity; what the sources throw.
 */
export function mtlsServerCredentials(options: MtlsServerCredentialsOptions): ServerCredentials {
  return new RotatingServerCredentials({ ...options, clientAuthentication: 'required' });
}

/** As `mtlsServerCredentials`, for a server that asks clients for no certificate. */
export function tlsServerCredentials(options: TlsServerCredentialsOptions): ServerCredentials {
  return new RotatingServerCredentials({ ...options, clientAuthentication: 'none' });
}

/** As `mtlsServerCredentials`, for a server that shows a certificate of the Web PKI. */
export function mtlsWebServerCredentials(options: MtlsWebServerCredentialsOptions): ServerCredentials {
  return new RotatingServerCredentials({ ...options, clientAuthentication: 'required' });
}

type Watcher = Parameters<ServerCredentials['_addWatcher']>[0];

class RotatingServerCredentials extends ServerCredentials {
  readonly #options: ServerOptions;
  #peers: CallPeers | undefined;
  #stop: (() => void) | undefined;
  /** Null: we have no identity, and grpc-js takes no connection. */
  #context: SecureContextOptions | null;

  constructor(options: ServerOptions) {
    const context = serverOptions(options);
    super({ handshakeTimeout: 20_000, ...context });
    this.#options = 'authorize' in options ? { ...options, authorize: admitting(options.authorize) } : options;
    this.#gate = 'authorize' in options ? [this.#createGate(options)] : [];
    this.#context = context;
  }

  readonly #gate: ServerInterceptor[];

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }

  override _getInterceptors(): ServerInterceptor[] {
    return this.#gate;
  }

  override _getSecureContextOptions(): SecureContextOptions | null {
    return this.#rotate();
  }

  override _addWatcher(watcher: Watcher): void {
    if (this.getWatcherCount() === 0) this.#start();
    super._addWatcher(watcher);
  }

  override _removeWatcher(watcher: Watcher): void {
    super._removeWatcher(watcher);
    if (this.getWatcherCount() > 0) return;
    this.#stop?.();
    this.#peers?.[Symbol.dispose]();
  }

  #start(): void {
    const options = this.#options;
    if ('authorize' in options) this.#peers = new CallPeers({ ...options, clock: options.clock ?? systemClock });
    this.#stop = watchSources(sourcesOfServer(options), this.#onUpdate);
  }

  readonly #onUpdate = (): void => {
    this.updateSecureContextOptions(this.#rotate());
    if (this.#context === null) this.#peers?.closeAll(noServerIdentity());
    else this.#peers?.recheck();
  };

  #rotate(): SecureContextOptions | null {
    try {
      this.#context = secureContextOptions(this.#options);
    } catch (error) {
      this.#context = null;
      guarded(this.#options.logger).error(describeError(error), 'server has no identity and refuses every peer');
    }
    return this.#context;
  }

  #createGate({ authorize, logger = silentLogger }: MtlsServerOptions | MtlsWebServerOptions): ServerInterceptor {
    return createGate({
      authorize,
      logger,
      peerOf: (call) => {
        if (this.#peers === undefined || this.#context === null) throw noServerIdentity();
        return this.#peers.of(call);
      },
    });
  }
}
