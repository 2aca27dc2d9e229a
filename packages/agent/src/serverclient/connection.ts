// The one connection to the server. It is made anew after an error of the connection or of the server, after a rotation, and whenever somebody drops it;
// calls that are under way on the old one end there.
import { Channel, status, type ClientOptions } from '@grpc/grpc-js';
import type { TrustDomain } from '@credence/sdk';
import type { Clock } from '@credence/sdk/runtime';
import { agentApi, bundleApi, changesApi, entryApi, isServiceError, svidApi } from '@credence/sdk/wire';
import type { AgentClient } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/Agent.js';
import type { BundleClient } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/Bundle.js';
import type { ChangesClient } from '@credence/sdk/wire/gen/credence/server/v1/Changes.js';
import type { EntryClient } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/Entry.js';
import type { SVIDClient } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/SVID.js';
import { agentError } from '../domain/errors.js';
import { linked, withinTime } from './calls.js';
import { channelCredentials, type ConnectionTrust } from './channel-credentials.js';

export interface ServerClients {
  readonly agent: AgentClient;
  readonly bundle: BundleClient;
  readonly changes: ChangesClient;
  readonly entry: EntryClient;
  readonly svid: SVIDClient;
}

export interface ServerConnectionOptions {
  readonly clock: Clock;
  /** Host name, IPv4 address, or IPv6 address without brackets. */
  readonly address: string;
  readonly port: number;
  readonly trustDomain: TrustDomain;
  /** Asked whenever a connection is made. */
  readonly trust: () => ConnectionTrust;
}

/** One call: may send several messages, has 30 s for all of them. */
export type ServerCall<T> = (clients: ServerClients, signal: AbortSignal) => Promise<T>;

/** @throws ERR_SERVER_UNREACHABLE, ServiceError, the signal's reason */
export type UseConnection = <T>(signal: AbortSignal, use: ServerCall<T>) => Promise<T>;

interface Line {
  readonly channel: Channel;
  readonly clients: ServerClients;
  calls: number;
  /** Aborts when the line is dropped. */
  readonly dropped: AbortController;
}

export class ServerConnection implements Disposable {
  readonly #options: ServerConnectionOptions;
  readonly #running = new Set<Promise<unknown>>();
  #exclusive: Promise<unknown> | undefined;
  #line: Line | undefined;

  constructor(options: ServerConnectionOptions) {
    this.#options = options;
  }

  /** Runs a call beside others, but never beside an exclusive one. @throws as UseConnection */
  async call<T>(signal: AbortSignal, use: ServerCall<T>): Promise<T> {
    while (this.#exclusive !== undefined) await this.#exclusive;
    const running = this.#use(signal, use);
    const settled = running.catch(() => undefined);
    this.#running.add(settled);
    try {
      return await running;
    } finally {
      this.#running.delete(settled);
    }
  }

  /**
   * Runs `work` while no call runs: those under way end first, those that come wait. The first use of a renewed SVID
   * ends the life of the old one, so that a call on the old one must not be under way then.
   */
  async exclusively<T>(work: (use: UseConnection) => Promise<T>): Promise<T> {
    while (this.#exclusive !== undefined) await this.#exclusive;
    const done = Promise.all(this.#running).then(() => work((signal, use) => this.#use(signal, use)));
    this.#exclusive = done.catch(() => undefined);
    try {
      return await done;
    } finally {
      this.#exclusive = undefined;
    }
  }

  /**
   * A call that lasts, beside all others, for as long as the connection.
   *
   * @throws ERR_SERVER_UNREACHABLE when the connection is dropped; ServiceError; the signal's reason
   */
  async *stream<T>(
    signal: AbortSignal,
    open: (clients: ServerClients, signal: AbortSignal) => AsyncIterable<T>,
  ): AsyncGenerator<T, void, undefined> {
    while (this.#exclusive !== undefined) await this.#exclusive;
    signal.throwIfAborted();
    const line = (this.#line ??= this.#open());
    using ending = linked(signal, line.dropped.signal);
    yield* open(line.clients, ending.signal);
  }

  /** The next call makes a new connection. */
  drop(): void {
    const line = this.#line;
    this.#line = undefined;
    if (line === undefined) return;
    line.dropped.abort(agentError('ERR_SERVER_UNREACHABLE', 'the connection was given up'));
    closeWhenUnused(line);
  }

  [Symbol.dispose](): void {
    this.drop();
  }

  async #use<T>(signal: AbortSignal, use: ServerCall<T>): Promise<T> {
    signal.throwIfAborted();
    const line = (this.#line ??= this.#open());
    line.calls++;
    try {
      return await withinTime(this.#options.clock, signal, (ending) => use(line.clients, ending));
    } catch (error) {
      if (this.#line === line && !isAboutRequest(error)) this.drop();
      throw error;
    } finally {
      line.calls--;
      closeWhenUnused(line);
    }
  }

  #open(): Line {
    const { address, port, trustDomain, trust } = this.#options;
    const target = `dns:///${address.includes(':') ? `[${address}]` : address}:${port}`;
    const credentials = channelCredentials(trustDomain, trust());
    const channel = new Channel(target, credentials, {
      // Settings that the name service offers are not ours; neither is a proxy, nor a connection of somebody else.
      'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
      'grpc.service_config_disable_resolution': 1,
      'grpc.enable_http_proxy': 0,
      'grpc.enable_channelz': 0,
      'grpc.use_local_subchannel_pool': 1,
      // A connection that was lost without a word is found out before the call's time is over. Only while a call runs,
      // and seldom enough for Go's servers, which end connections at the fourth ping without an answer to the call.
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 5000,
      // An IP address is no server name (RFC 6066 §3), and the server is not recognised by its host name anyway.
      'grpc.ssl_target_name_override': trustDomain.name,
    });
    const options: ClientOptions = { channelOverride: channel };
    const clients = {
      agent: agentApi.createClient(target, credentials, options),
      bundle: bundleApi.createClient(target, credentials, options),
      changes: changesApi.createClient(target, credentials, options),
      entry: entryApi.createClient(target, credentials, options),
      svid: svidApi.createClient(target, credentials, options),
    };
    return { channel, clients, calls: 0, dropped: new AbortController() };
  }
}

// What a workload asks for must not cost the others their connection.
const aboutRequest: readonly status[] = [
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.RESOURCE_EXHAUSTED,
  status.FAILED_PRECONDITION,
  status.UNIMPLEMENTED,
];

function isAboutRequest(error: unknown): boolean {
  return isServiceError(error) && aboutRequest.includes(error.code);
}

function closeWhenUnused(line: Line): void {
  if (line.dropped.signal.aborted && line.calls === 0) line.channel.close();
}
