// The open connections of a client: they end when its sources say that a server would no longer be accepted, or that we
// have no identity any more.
import type { TLSSocket } from 'node:tls';
import { systemClock } from '../runtime/index.js';
import type { Accepted } from './accepted.js';
import { Connections, type Finish } from './connections.js';
import { watchSources } from './observable.js';
import type { ClientOptions } from './options.js';

export class ClientConnections {
  readonly #options: ClientOptions;
  readonly #connections: Connections;
  #open = 0;
  #stop: (() => void) | undefined;

  constructor(options: ClientOptions, finish?: Finish) {
    this.#options = options;
    this.#connections = new Connections({ ...options, clock: options.clock ?? systemClock, finish });
  }

  /** Watches a connection until it closes, and the sources as long as there is one. */
  add(socket: TLSSocket, accepted: Accepted | undefined): void {
    if (this.#open++ === 0) this.#stop = watchSources(sourcesOf(this.#options), this.#onUpdate);
    this.#connections.add(socket, accepted);
    socket.once('close', () => {
      if (--this.#open === 0) this.#stop?.();
    });
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

/** Whose updates concern a client. */
export function sourcesOf(options: ClientOptions): readonly object[] {
  const bundles = 'bundles' in options ? [options.bundles] : [];
  return options.svid === undefined ? bundles : [options.svid, ...bundles];
}
