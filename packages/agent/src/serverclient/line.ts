// One connection to one address of the server, and how the first of several addresses that answers is found.
import { Channel, connectivityState, type ChannelCredentials, type ClientOptions } from '@grpc/grpc-js';
import type { TrustDomain } from '@credence/sdk';
import type { Clock } from '@credence/sdk/runtime';
import { agentApi, bundleApi, changesApi, entryApi, svidApi } from '@credence/sdk/wire';
import type { AgentClient } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/Agent.js';
import type { BundleClient } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/Bundle.js';
import type { ChangesClient } from '@credence/sdk/wire/gen/credence/server/v1/Changes.js';
import type { EntryClient } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/Entry.js';
import type { SVIDClient } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/SVID.js';
import { agentError } from '../domain/errors.js';

// One that does not answer within the first is overtaken by the next; all have failed after the second.
const [patienceMs, connectMs] = [1000, 3000];

export interface ServerClients {
  readonly agent: AgentClient;
  readonly bundle: BundleClient;
  readonly changes: ChangesClient;
  readonly entry: EntryClient;
  readonly svid: SVIDClient;
}

export interface Line {
  readonly channel: Channel;
  readonly clients: ServerClients;
  /** How many addresses the server has. */
  readonly addresses: number;
  calls: number;
  /** Aborts when the line is dropped. */
  readonly dropped: AbortController;
}

export interface LineOptions {
  readonly clock: Clock;
  readonly port: number;
  readonly trustDomain: TrustDomain;
  readonly credentials: ChannelCredentials;
}

/** A line that connects when it is used. */
export function createLine(address: string, addresses: number, options: LineOptions): Line {
  const { port, trustDomain, credentials } = options;
  const target = address.includes(':') ? `ipv6:[${address}]:${port}` : `ipv4:${address}:${port}`;
  const channel = new Channel(target, credentials, {
    // Neither a proxy is ours, nor a connection of somebody else.
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
    'grpc.enable_http_proxy': 0,
    'grpc.enable_channelz': 0,
    'grpc.use_local_subchannel_pool': 1,
    ...keepalive(addresses),
    // An IP address is no server name (RFC 6066 §3), and the server is not recognised by its host name anyway.
    'grpc.ssl_target_name_override': trustDomain.name,
  });
  const shared: ClientOptions = { channelOverride: channel };
  const clients = {
    agent: agentApi.createClient(target, credentials, shared),
    bundle: bundleApi.createClient(target, credentials, shared),
    changes: changesApi.createClient(target, credentials, shared),
    entry: entryApi.createClient(target, credentials, shared),
    svid: svidApi.createClient(target, credentials, shared),
  };
  return { channel, clients, addresses, calls: 0, dropped: new AbortController() };
}

// A connection that was lost without a word is found out before the call's time is over, and within 5 s where there is
// another address to go to. Only while a call runs, and seldom enough for Go's servers, which end connections at the
// fourth ping without an answer to the call.
function keepalive(addresses: number): object {
  const [everyMs, answerMs] = addresses > 1 ? [2500, 1500] : [10_000, 5000];
  return { 'grpc.keepalive_time_ms': everyMs, 'grpc.keepalive_timeout_ms': answerMs };
}

/**
 * Connects to several addresses, each a second after the one before it or as soon as that has failed.
 *
 * @returns the first that is connected. When all have failed, one of them, whose calls say why.
 * @throws ERR_SERVER_UNREACHABLE: some failed to answer at all.
 */
export async function firstConnected(addresses: readonly string[], options: LineOptions): Promise<Dialled> {
  const attempts: Dialled[] = [];
  try {
    for (const [index, address] of addresses.entries()) {
      attempts.push(dial(address, addresses.length, options));
      const waitMs = index === addresses.length - 1 ? connectMs : patienceMs;
      const found = await winner(attempts, waitMs, options.clock);
      if (found !== undefined) return keep(found, attempts);
    }
  } catch (error) {
    for (const { line } of attempts) line.channel.close();
    throw error;
  }
  const failed = attempts.find(({ line }) => stateOf(line) === connectivityState.TRANSIENT_FAILURE);
  const kept = keep(failed, attempts);
  // There is no other address to make its calls at.
  if (kept !== undefined) return { ...kept, line: { ...kept.line, addresses: 1 } };
  throw agentError('ERR_SERVER_UNREACHABLE', `none of the server's addresses answers: ${addresses.join(', ')}`);
}

/** A line on its way. */
export interface Dialled {
  readonly address: string;
  readonly line: Line;
  /** Resolves with whether it is connected, as soon as that is settled. */
  readonly connected: Promise<boolean>;
}

function dial(address: string, addresses: number, options: LineOptions): Dialled {
  const line = createLine(address, addresses, options);
  return { address, line, connected: settled(line.channel) };
}

async function settled(channel: Channel): Promise<boolean> {
  for (;;) {
    const state = channel.getConnectivityState(true);
    if (state === connectivityState.READY) return true;
    if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN) return false;
    await new Promise<void>((resolve) => {
      channel.watchConnectivityState(state, Infinity, () => {
        resolve();
      });
    });
  }
}

/** The first that is connected, within a time, or undefined, as soon as all have failed. */
async function winner(attempts: readonly Dialled[], waitMs: number, clock: Clock): Promise<Dialled | undefined> {
  const done = new AbortController();
  const late = clock.sleep(waitMs, { signal: done.signal, ref: false }).catch(() => undefined);
  const wins = attempts.map(async (attempt) => {
    if (await attempt.connected) return attempt;
    throw new Error('not connected');
  });
  try {
    return (await Promise.race([Promise.any(wins).catch(() => undefined), late])) ?? undefined;
  } finally {
    done.abort();
  }
}

function keep<T extends Dialled | undefined>(kept: T, attempts: readonly Dialled[]): T {
  for (const attempt of attempts) if (attempt !== kept) attempt.line.channel.close();
  return kept;
}

function stateOf({ channel }: Line): connectivityState {
  return channel.getConnectivityState(false);
}

/** Ends a line that was dropped, once nobody uses it. */
export function closeWhenUnused(line: Line): void {
  if (line.dropped.signal.aborted && line.calls === 0) line.channel.close();
}
