// HTTPS requests over verified connections. One agent has one authorizer, because connections are shared.
import { Agent, type AgentOptions } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { sdkError } from '../runtime/index.js';
import { checkBase } from './base-options.js';
import { ClientConnections, sourcesOf } from './client-connections.js';
import { watchSources } from './observable.js';
import { openVerified } from './open-verified.js';
import { checkClientMode, type ClientOptions } from './options.js';

/**
 * An `https.Agent` whose connections use the current SVID and verify the server's ID instead of its host name (which
 * counts with `webRoots`). Where a request cannot be made, because our identity was revoked say, it emits `error`.
 *
 * After an update of the sources no connection from before it serves another request, nor does one whose server's SVID
 * has expired; a request that is under way then has `graceMs`. A connection in use ends at once when its server would no
 * longer be accepted or we have no identity any more. Make one and keep it: it follows its sources until `destroy()`, after
 * which every request fails with `ERR_SPIFFE_CLOSED`.
 */
export class SpiffeAgent extends Agent {
  readonly #options: ClientOptions;
  readonly #connections: ClientConnections;
  readonly #stop: () => void;
  #isDestroyed = false;
  /** Made since the last update, and not about to end. */
  #current = new WeakSet<object>();

  /** @throws TypeError for a `base` that decides over identity, or when it is not said which servers are trusted. */
  constructor(options: ClientOptions, agentOptions: AgentOptions = {}) {
    checkBase(options.base ?? {});
    checkBase(agentOptions);
    checkClientMode(options);
    // A cached session would be resumed, and a resumed session skips the check.
    super({ ...agentOptions, maxCachedSessions: 0 });
    this.#options = options;
    this.#connections = new ClientConnections(options, (socket) => {
      this.#current.delete(socket);
      return Object.values(this.sockets).some((busy) => busy?.includes(socket) === true);
    });
    this.#stop = watchSources(sourcesOf(options), this.#onUpdate);
    // Before Node's own listener, which hands the connection to the next request or keeps it for one.
    this.prependListener('free', (socket: Duplex) => {
      if (!this.#current.has(socket)) socket.destroy();
    });
  }

  /** Called by Node for each new connection. Never throws: some of Node's callers could not catch it. */
  override createConnection(target: object): Duplex {
    const socket = this.#open(target);
    this.#current.add(socket);
    return socket;
  }

  override destroy(): void {
    this.#isDestroyed = true;
    this.#stop();
    super.destroy();
  }

  #open(target: object): Duplex {
    try {
      if (this.#isDestroyed) throw sdkError('ERR_SPIFFE_CLOSED', 'the agent was destroyed');
      return openVerified(this.#options, target, (socket, accepted) => {
        this.#connections.add(socket, accepted);
      });
    } catch (error) {
      return failing(error);
    }
  }

  readonly #onUpdate = (): void => {
    this.#current = new WeakSet();
    for (const sockets of Object.values(this.freeSockets)) for (const socket of [...(sockets ?? [])]) socket.destroy();
  };
}

// As a connection that cannot be made. Node's callback for errors would leave other requests waiting in its queue.
function failing(error: unknown): Duplex {
  const socket = new Socket();
  process.nextTick(() => socket.destroy(error instanceof Error ? error : new Error('failed', { cause: error })));
  return socket;
}
