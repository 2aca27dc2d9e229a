// The open connections of one set of channel credentials. The sources are watched only while a channel is open.
import type { TLSSocket } from 'node:tls';
import { systemClock } from '../runtime/index.js';
import type { Accepted } from '../tls/accepted.js';
import { Connections } from '../tls/connections.js';
import { watchSources } from '../tls/observable.js';
import type { ClientOptions } from '../tls/options.js';

export class ClientConnections {
  readonly #options: ClientOptions;
  readonly #connections: Connections;
  #users = 0;
  #stop: (() => void) | undefined;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#connections = new Connections({ ...options, clock: options.clock ?? systemClock });
  }

  /** To be paired with `release`. */
  acquire(): void {
    this.#users++;
    this.#stop ??= watchSources(sourcesOf(this.#options), this.#onUpdate);
  }

  release(): void {
    this.#users--;
    if (this.#users > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Watches a connection until it closes; `accepted` is undefined for a server without a SPIFFE ID. */
  add(socket: TLSSocket, accepted: Accepted | undefined): void {
    this.#connections.add(socket, accepted);
  }

  readonly #onUpdate = (): void => {
    try {
      this.#options.svid?.getX509Svid();
    } catch (error) {
      this.#connections.closeAll(error);
      return;
    }
    this.#connections.recheck();
  };
}

function sourcesOf(options: ClientOptions): readonly object[] {
  const bundles = 'webRoots' in options ? undefined : options.bundles;
  return [options.svid, bundles].filter((source) => source !== undefined);
}
