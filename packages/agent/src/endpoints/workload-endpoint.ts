// The agent's public socket (SPIFFE Workload Endpoint): the Workload API and health, for every process of the machine.
import { Server } from '@grpc/grpc-js';
import type { Logger } from '@credence/sdk/runtime';
import { healthApi, workloadApi } from '@credence/sdk/wire';
import { healthHandlers } from './health/health.js';
import { workloadApiProbe } from './health/workload-api-probe.js';
import { PeerListener } from './peer/listener.js';
import { PeerRegistry } from './peer/peer-registry.js';
import { requirePeer } from './peer/require-peer.js';
import type { WorkloadAttestation, WorkloadSnapshots } from './ports.js';
import { requireSecurityHeader } from './workload/security-header.js';
import { workloadApiHandlers } from './workload/workload-api.js';

export interface WorkloadEndpointOptions {
  readonly log: Logger;
  readonly attestation: WorkloadAttestation;
  readonly snapshots: WorkloadSnapshots;
  /** Absolute; its folder is made when missing. */
  readonly socketPath: string;
  /** Where proc(5) is mounted. */
  readonly procPath: string;
}

// gRPC sets no limits of its own: these bound what one connection can make the agent hold. Requests of the Workload
// API are tokens at most.
const limits = { 'grpc.max_concurrent_streams': 1024, 'grpc.max_receive_message_length': 128 * 1024 };

// Everybody may ask; who asks decides what is answered.
const socketMode = 0o777;

export class WorkloadEndpoint implements AsyncDisposable {
  readonly #server: Server;
  readonly #listener: PeerListener;

  constructor({ log, attestation, snapshots, socketPath, procPath }: WorkloadEndpointOptions) {
    const peers = new PeerRegistry({ procPath });
    this.#server = new Server({
      ...limits,
      'grpc.enable_channelz': 0,
      interceptors: [requirePeer(peers), requireSecurityHeader],
    });
    this.#server.addService(workloadApi.definition, workloadApiHandlers({ log, peers, attestation, snapshots }));
    this.#server.addService(healthApi.definition, healthHandlers(workloadApiProbe(socketPath)));
    this.#listener = new PeerListener({ log, peers, server: this.#server, socketPath, socketMode });
  }

  /**
   * Resolves when callers are served.
   *
   * @throws ERR_IN_USE when another process listens at the path; ERR_CONFIG when the path cannot be used safely.
   */
  async start(): Promise<void> {
    await this.#listener.start();
  }

  /** Cuts all streams and removes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#listener.close();
    this.#server.forceShutdown();
    await closed;
  }
}
