// The agent's public socket (SPIFFE Workload Endpoint): the Workload API, Envoy's secret discovery service and health, for every process of the machine.
import { Server, type ServiceDefinition } from '@grpc/grpc-js';
import { prepareSocketPath } from '@credence/sdk/daemon';
import type { Clock, Logger, Random } from '@credence/sdk/runtime';
import { healthApi, secretDiscoveryApi, workloadApi } from '@credence/sdk/wire';
import type { RateLimits } from '../domain/rate-limits.js';
import { healthHandlers, type Health } from './health/health.js';
import { sharedProbe } from './health/shared-probe.js';
import { workloadApiProbe } from './health/workload-api-probe.js';
import { observeCalls, unobserved, type EndpointObserver } from './observer.js';
import { boundCalls } from './peer/bound-calls.js';
import { CallLimits } from './peer/call-limits.js';
import { FailureLog } from './peer/failure-log.js';
import { connectionLimit, largestRequest, longestIdleMs, mostCallsOnConnection } from './peer/limits.js';
import { directoryMode, PeerListener } from './peer/listener.js';
import { PeerRegistry } from './peer/peer-registry.js';
import { requirePeer } from './peer/require-peer.js';
import type { WorkloadAttestation, WorkloadJwtSvids, WorkloadSnapshots } from './ports.js';
import { reflectionVersions } from './reflection/reflection.js';
import { sdsHandlers } from './sds/sds-api.js';
import type { SdsRules } from './sds/rules.js';
import { requireSecurityHeader } from './workload/security-header.js';
import type { WorkloadApiRules } from './workload/serve-caller.js';
import { workloadApiHandlers } from './workload/workload-api.js';

export interface WorkloadEndpointOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly attestation: WorkloadAttestation;
  readonly snapshots: WorkloadSnapshots;
  readonly jwtSvids: WorkloadJwtSvids;
  readonly rules: WorkloadApiRules & { readonly sds: SdsRules };
  /** Whichever is not offered answers UNIMPLEMENTED. */
  readonly services: { readonly workloadApi: boolean; readonly sds: boolean };
  readonly rateLimits: RateLimits;
  /** Undefined: nobody watches. */
  readonly observer?: EndpointObserver | undefined;
  /** Absolute; its folder is made when missing. */
  readonly socketPath: string;
  /** Where proc(5) is mounted. */
  readonly procPath: string;
}

// gRPC sets no limits of its own.
const limits = {
  'grpc.max_concurrent_streams': mostCallsOnConnection,
  'grpc.max_receive_message_length': largestRequest,
  'grpc.max_connection_idle_ms': longestIdleMs,
};

// Everybody may ask; who asks decides what is answered.
const socketMode = 0o777;

/**
 * Finds out, without serving yet, whether the socket can be had: before a join token is spent on it.
 *
 * @throws ERR_IN_USE, ERR_CONFIG
 */
export function claimSocket(socketPath: string): Promise<void> {
  return prepareSocketPath(socketPath, directoryMode);
}

export class WorkloadEndpoint implements AsyncDisposable {
  readonly #server: Server;
  readonly #listener: PeerListener;
  readonly #health: Health;

  constructor({ socketPath, procPath, rateLimits, services, ...options }: WorkloadEndpointOptions) {
    const { clock, log, observer = unobserved } = options;
    const peers = new PeerRegistry({ procPath, connectionLimit: connectionLimit(procPath) });
    this.#server = new Server({
      ...limits,
      'grpc.enable_channelz': 0,
      interceptors: [
        observeCalls(observer),
        boundCalls({ clock, log, peers, observer }),
        requirePeer(peers),
        requireSecurityHeader,
      ],
    });
    const failures = new FailureLog({ clock });
    const handling = { ...options, observer, peers, failures, limits: new CallLimits({ clock, rateLimits }) };
    if (services.workloadApi) this.#server.addService(workloadApi.definition, workloadApiHandlers(handling));
    if (services.sds) this.#server.addService(secretDiscoveryApi.definition, sdsHandlers(handling));
    const probe = services.workloadApi ? workloadApiProbe(socketPath) : () => Promise.resolve(true);
    this.#health = sharedProbe(probe, clock);
    this.#server.addService(healthApi.definition, healthHandlers(this.#health));
    for (const { definition, handlers } of reflectionVersions(definitionsOf(services))) {
      this.#server.addService(definition, handlers);
    }
    this.#listener = new PeerListener({ clock, log, peers, observer, server: this.#server, socketPath, socketMode });
  }

  /**
   * Resolves when callers are served.
   *
   * @throws ERR_IN_USE when another process listens at the path; ERR_CONFIG when the path cannot be used safely.
   */
  async start(): Promise<void> {
    await this.#listener.start();
  }

  /** Whether a caller would be answered. */
  answers(): Promise<boolean> {
    return this.#health();
  }

  /** Cuts all streams and removes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#listener.close();
    this.#server.forceShutdown();
    await closed;
  }
}

function definitionsOf(services: WorkloadEndpointOptions['services']): readonly ServiceDefinition[] {
  return [
    ...(services.workloadApi ? [workloadApi.definition] : []),
    ...(services.sds ? [secretDiscoveryApi.definition] : []),
    healthApi.definition,
  ];
}
