// Everything that an attested agent says to the server.
import type { TrustDomain } from '@credence/sdk';
import type { Logger } from '@credence/sdk/runtime';
import type { AgentSvid } from '../domain/agent-svid.js';
import type { AuthorizedEntry } from '../domain/authorized-entry.js';
import { agentError } from '../domain/errors.js';
import type { TrustBundle } from '../domain/workload-identity.js';
import { acceptAgentSvid, createAgentKey } from './agent-key.js';
import type { NodeProof } from './attest-agent.js';
import { attestNode, isReachable, type Admission, type ServerAddress } from './attest-node.js';
import { BundleReader } from './bundle-reader.js';
import { Exchange } from './calls.js';
import { ServerConnection, type ServerCall, type UseConnection } from './connection.js';
import { failureOf, serverFailure, wrapFailure } from './failure.js';
import { fetchFederatedBundles, fetchOwnBundle } from './fetch-bundles.js';
import { BatchSize, newX509Svids, type NewX509SvidRequest, type NewX509SvidResult } from './new-x509-svids.js';
import { newJwtSvid } from './new-jwt-svid.js';
import { postStatus } from './post-status.js';
import { renewAgent } from './renew-agent.js';
import { syncEntries } from './sync-entries.js';
import { getEntries, watchChanges, type Ring } from './watch-changes.js';

export interface ServerClientOptions {
  readonly server: ServerAddress;
  readonly log: Logger;
  /** How the server is recognised: asked whenever a connection is made. */
  readonly bundle: () => TrustBundle;
  /** What the server is shown: asked whenever a connection is made. */
  readonly identity: () => AgentSvid;
  /** Proves the node again, where the attestor allows that. */
  readonly proof: NodeProof;
}

/**
 * The server's client. Each method throws ERR_SERVER_UNREACHABLE, ERR_SERVER_RESPONSE or ERR_SERVER_REFUSED, and
 * `signal.reason` when the signal aborts.
 */
export class ServerClient implements Disposable {
  readonly #options: ServerClientOptions;
  readonly #connection: ServerConnection;
  readonly #batchSize = new BatchSize();
  readonly #bundles: BundleReader;

  constructor(options: ServerClientOptions) {
    const { server, bundle, identity } = options;
    this.#options = options;
    this.#bundles = new BundleReader(options.log);
    this.#connection = new ServerConnection({
      ...server,
      trust: () => ({ bundle: bundle(), identity: identity() }),
    });
  }

  /** Makes the next call use a new connection, with what the bundle and the identity are by then. */
  drop(): void {
    this.#connection.drop();
  }

  [Symbol.dispose](): void {
    this.#connection.drop();
  }

  /**
   * Gets a new agent SVID in place of `current` and hands it to `adopt`, which stores it and makes it the identity. No
   * other call runs from before the request until then: the first use of the new SVID ends the life of the old one.
   */
  rotate(current: AgentSvid, adopt: (svid: AgentSvid) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { server, proof, bundle } = this.#options;
    return this.#connection.exclusively(async (use) => {
      const svid = current.reattestable
        ? (await attestNode(server, { proof, bundle: bundle() }, signal)).svid
        : await this.#renew(use, current, signal);
      await adopt(svid);
      this.drop();
    });
  }

  /**
   * Attests anew to the server that `bundle` vouches for, and hands what it gives to `adopt`. No other call runs meanwhile.
   */
  rejoin(bundle: TrustBundle, adopt: (admission: Admission) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { server, proof } = this.#options;
    return this.#connection.exclusively(async () => {
      await adopt(await attestNode(server, { proof, bundle }, signal));
      this.drop();
    });
  }

  /** All entries that the agent is authorized for; of `known` only what changed is transferred. */
  syncEntries(known: ReadonlyMap<string, AuthorizedEntry>, signal: AbortSignal): Promise<readonly AuthorizedEntry[]> {
    const { log, server } = this.#options;
    return this.#call('SyncAuthorizedEntries', signal, async ({ entry }, ending) => {
      using exchange = new Exchange(entry.syncAuthorizedEntries(), ending);
      return await syncEntries(exchange, known, { log, trustDomain: server.trustDomain });
    });
  }

  /** Those of the entries that the agent is authorized for. The server must be one that rings. */
  getEntries(ids: readonly string[], signal: AbortSignal): Promise<readonly AuthorizedEntry[]> {
    const { log, server } = this.#options;
    return this.#call('GetEntries', signal, ({ changes }, ending) =>
      getEntries(changes, ids, { log, trustDomain: server.trustDomain }, ending),
    );
  }

  /** Tells the server what this agent is. */
  postStatus(bundleSerial: bigint, signal: AbortSignal): Promise<void> {
    return this.#call('PostStatus', signal, ({ agent }, ending) => postStatus(agent, bundleSerial, ending));
  }

  fetchBundle(signal: AbortSignal): Promise<TrustBundle> {
    const { trustDomain } = this.#options.server;
    return this.#call('GetBundle', signal, ({ bundle }, ending) =>
      fetchOwnBundle(bundle, this.#bundles, trustDomain, ending),
    );
  }

  /** By trust domain name, without those that the server does not have. */
  fetchFederatedBundles(
    trustDomains: readonly TrustDomain[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, TrustBundle>> {
    return this.#call('GetFederatedBundle', signal, ({ bundle }, ending) =>
      fetchFederatedBundles(bundle, this.#bundles, trustDomains, ending),
    );
  }

  /** How many requests `newX509Svids` should be given at once. */
  get batchSize(): number {
    return this.#batchSize.value;
  }

  /** One result a request, in order. */
  async newX509Svids(
    requests: readonly NewX509SvidRequest[],
    signal: AbortSignal,
  ): Promise<readonly NewX509SvidResult[]> {
    try {
      const results = await this.#call('BatchNewX509SVID', signal, ({ svid }, ending) =>
        newX509Svids(svid, requests, ending),
      );
      this.#batchSize.succeeded();
      return results;
    } catch (error) {
      this.#batchSize.failed();
      throw error;
    }
  }

  /** The token, as it came. */
  newJwtSvid(entryId: string, audience: readonly string[], signal: AbortSignal): Promise<string> {
    return this.#call('NewJWTSVID', signal, ({ svid }, ending) => newJwtSvid(svid, { entryId, audience }, ending));
  }

  async *watchChanges(signal: AbortSignal): AsyncGenerator<Ring, void, undefined> {
    try {
      yield* this.#connection.stream(signal, ({ changes }, ending) => watchChanges(changes, ending));
    } catch (error) {
      signal.throwIfAborted();
      throw serverFailure(error, 'WatchChanges');
    }
  }

  /** Whether the server answers somebody without an identity. */
  isReachable(signal: AbortSignal): Promise<boolean> {
    return isReachable(this.#options.server, this.#options.bundle(), signal);
  }

  async #renew(use: UseConnection, current: AgentSvid, signal: AbortSignal): Promise<AgentSvid> {
    const { trustDomain } = this.#options.server;
    const { reattestable } = current;
    const { key, csr } = await createAgentKey();
    const chain = await wrapFailure(signal, failureOf('RenewAgent'), () =>
      use(signal, ({ agent }, ending) => renewAgent(agent, csr, ending)),
    );
    const svid = acceptAgentSvid(chain, { key, reattestable, trustDomain });
    if (svid.id.equals(current.id)) return svid;
    throw agentError('ERR_SERVER_RESPONSE', `RenewAgent: the SVID names ${String(svid.id)}, not ${String(current.id)}`);
  }

  #call<T>(method: string, signal: AbortSignal, use: ServerCall<T>): Promise<T> {
    return wrapFailure(signal, failureOf(method), () => this.#connection.call(signal, use));
  }
}
