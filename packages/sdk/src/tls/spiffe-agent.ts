// HTTPS requests over verified connections. One agent has one authorizer, because connections are shared.
import { Agent, type AgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { openVerified } from './connect.js';
import { observe } from './observable.js';
import { checkBase, type MtlsClientOptions } from './options.js';

/**
 * An `https.Agent` whose connections use the current SVID and verify the server's ID instead of its host name. After an
 * update idle connections are dropped. `destroy()` also stops watching the sources.
 */
export class SpiffeAgent extends Agent {
  readonly #options: MtlsClientOptions;
  readonly #stop: () => void;

  /** @throws TypeError for a `base` that decides over identity. */
  constructor(options: MtlsClientOptions, agentOptions: AgentOptions = {}) {
    checkBase(options.base ?? {});
    checkBase(agentOptions);
    // A cached session would be resumed, and a resumed session skips the check.
    super({ ...agentOptions, maxCachedSessions: 0 });
    this.#options = options;
    this.#stop = observe([options.svid, options.bundles], () => {
      for (const sockets of Object.values(this.freeSockets))
        for (const socket of [...(sockets ?? [])]) socket.destroy();
    });
  }

  /** Called by Node for each new connection. */
  override createConnection(target: object): Duplex {
    return openVerified(this.#options, target);
  }

  override destroy(): void {
    this.#stop();
    super.destroy();
  }
}
