// The composition root: joins the trust domain, keeps the caches in step with the server, serves them to workloads.
import { lockDataDirectory, type LogLevelSwitch } from '@credence/sdk/daemon';
import type { Clock, Logger, Random } from '@credence/sdk/runtime';
import { JoinTokenProver } from './attestation/node/join-token/join-token-prover.js';
import type { NodeProver } from './attestation/node/prover.js';
import { X509PopProver } from './attestation/node/x509pop/x509pop-prover.js';
import { ProcWorkloadAttestation } from './attestation/workload/proc-workload-attestation.js';
import type { WorkloadAttestor } from './attestation/workload/workload-attestor.js';
import { createWorkloadAttestors } from './attestation/workload/workload-attestors.js';
import { AdminEndpoint } from './endpoints/admin/admin-endpoint.js';
import { adminServices } from './endpoints/admin/admin-services.js';
import { claimAdminSocket } from './endpoints/admin/claim-admin-socket.js';
import { claimSocket, WorkloadEndpoint } from './endpoints/workload-endpoint.js';
import { hasLivingSvid } from './domain/remembered-identities.js';
import { Bootstrap } from './identity/bootstrap.js';
import { Identities } from './identity/identities.js';
import { join } from './identity/join.js';
import { attestNode, type ServerAddress } from './serverclient/attest-node.js';
import { resolveHost, ServerAddresses } from './serverclient/server-addresses.js';
import type { AgentSettings } from './settings.js';
import { DiskAgentStore } from './storage/disk-agent-store.js';
import { DiskIdentityStore } from './storage/disk-identity-store.js';
import { Monitoring } from './telemetry/monitoring.js';

const procPath = '/proc';

export interface AgentPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The level of `log`, which administrators may change. */
  readonly logLevel: LogLevelSwitch;
}

/** An agent: does nothing until started. */
export interface Agent extends AsyncDisposable {
  /** Where the Workload API listens. */
  readonly socketPath: string;
  /**
   * Joins the trust domain, fetches entries and SVIDs, and opens the Workload API. Resolves when it listens, however
   * long the server is away.
   *
   * @throws ERR_SERVER_REFUSED, ERR_BOOTSTRAP, ERR_STORAGE, ERR_IN_USE, ERR_CONFIG; `signal.reason` when it aborts first.
   */
  start(signal: AbortSignal): Promise<void>;
  /**
   * Settles when a started agent has ended: resolves after disposal or the signal that was given to `start`, rejects
   * with ERR_SERVER_REFUSED when the server will never again accept this agent.
   */
  readonly ended: Promise<void>;
}

export function createAgent(settings: AgentSettings, ports: AgentPorts): Agent {
  return new NodeAgent(settings, ports);
}

class NodeAgent implements Agent {
  readonly ended: Promise<void>;
  readonly #settings: AgentSettings;
  readonly #ports: AgentPorts;
  readonly #attestors: readonly WorkloadAttestor[];
  readonly #monitoring: Monitoring;
  readonly #stopped = new AbortController();
  readonly #resources: (() => PromiseLike<void>)[] = [];
  #settle: (ending: Promise<void>) => void = () => undefined;
  #disposal: Promise<void> | undefined;

  constructor(settings: AgentSettings, ports: AgentPorts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#attestors = createWorkloadAttestors({ ...ports, ...settings, procPath });
    const { metrics, healthChecks } = settings;
    const attestors = this.#attestors.map(({ type }) => type);
    this.#monitoring = new Monitoring({ ...settings, ...ports, metrics, healthChecks, attestors });
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.ended.catch(() => undefined); // for those who do not care
  }

  get socketPath(): string {
    return this.#settings.socketPath;
  }

  async start(signal: AbortSignal): Promise<void> {
    const lifetime = AbortSignal.any([signal, this.#stopped.signal]);
    try {
      this.#settle(this.#watch(await this.#compose(lifetime), lifetime));
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposal ??= this.#dispose();
    return this.#disposal;
  }

  async #dispose(): Promise<void> {
    this.#monitoring.stopping();
    this.#stopped.abort(new DOMException('the agent was stopped', 'AbortError'));
    for (const release of this.#resources.reverse()) await release();
    this.#settle(Promise.resolve());
  }

  async #watch({ loops }: { readonly loops: Promise<never> }, lifetime: AbortSignal): Promise<void> {
    try {
      await loops;
    } catch (error) {
      const wanted = lifetime.aborted;
      await this[Symbol.asyncDispose]();
      if (!wanted) throw error;
    }
  }

  /** @returns what runs for ever, or fails. */
  async #compose(signal: AbortSignal): Promise<{ readonly loops: Promise<never> }> {
    const { dataDir, socketPath, adminSocketPath } = this.#settings;
    const lock = await lockDataDirectory(dataDir);
    this.#resources.push(() => lock[Symbol.asyncDispose]());
    await claimSocket(socketPath);
    if (adminSocketPath !== undefined) await claimAdminSocket(adminSocketPath, socketPath);
    this.#resources.push(() => this.#monitoring[Symbol.asyncDispose]());
    await this.#monitoring.listen();
    const identities = await this.#join(signal);
    this.#resources.push(() => identities[Symbol.asyncDispose]());
    this.#monitoring.joined(identities);
    const attestation = new ProcWorkloadAttestation({
      ...this.#ports,
      procPath,
      attestors: this.#attestors,
      observer: this.#monitoring.metrics,
    });
    // Before the first synchronization, however long it takes: operators ask here why there is nothing yet.
    if (adminSocketPath !== undefined) await this.#openAdminSocket(adminSocketPath, identities, attestation);
    const { loops } = await identities.start(signal);
    loops.catch(() => undefined); // they end with the agent, also when it does not come as far as to be watched
    const endpoint = await this.#openPublicSocket(identities, attestation);
    this.#monitoring.serving(() => endpoint?.answers() ?? Promise.resolve(true));
    return { loops };
  }

  async #openPublicSocket(
    identities: Identities,
    attestation: ProcWorkloadAttestation,
  ): Promise<WorkloadEndpoint | undefined> {
    const { socketPath, rateLimits, services } = this.#settings;
    if (!services.workloadApi && !services.sds) return undefined;
    const endpoint = new WorkloadEndpoint({
      ...this.#ports,
      attestation,
      snapshots: identities.subscriptions,
      jwtSvids: identities.jwtSvids,
      rules: this.#settings,
      services,
      rateLimits,
      socketPath,
      procPath,
      observer: this.#monitoring.metrics,
    });
    await endpoint.start();
    this.#resources.push(() => endpoint[Symbol.asyncDispose]());
    this.#ports.log.info({ socketPath, ...services }, 'starting Workload API');
    return endpoint;
  }

  async #openAdminSocket(
    socketPath: string,
    identities: Identities,
    attestation: ProcWorkloadAttestation,
  ): Promise<void> {
    const { authorizedDelegates } = this.#settings;
    const services = adminServices({ ...this.#ports, attestation, identities, authorizedDelegates, procPath });
    const observer = this.#monitoring.metrics;
    const endpoint = new AdminEndpoint({ ...this.#ports, services, socketPath, procPath, observer });
    await endpoint.start();
    this.#resources.push(() => endpoint[Symbol.asyncDispose]());
    this.#ports.log.info({ socketPath }, 'starting admin APIs');
  }

  async #join(signal: AbortSignal): Promise<Identities> {
    const { dataDir: directory, trustDomain, trustBundle, persistWorkloadIdentities: persists } = this.#settings;
    const store = new DiskAgentStore({ directory, trustDomain });
    const stored = await store.load();
    const identityStore = new DiskIdentityStore({ ...this.#ports, directory });
    if (!persists) await identityStore.remove();
    const found = persists ? await identityStore.load(stored.svid, stored.privateKeys) : undefined;
    const remembered = found !== undefined && hasLivingSvid(found, this.#ports.clock.now()) ? found : undefined;
    const [server, proof] = [this.#serverAddress(), this.#proof()];
    const bootstrap = new Bootstrap({ ...this.#ports, source: trustBundle, server });
    const membership = await join(
      {
        ...this.#ports,
        advice: proof.advice,
        store,
        stored: stored.svid,
        canServe: remembered !== undefined,
        loadBundle: async (ending) => stored.bundle ?? (await bootstrap.load('bootstrap', ending)),
        attest: (bundle, ending) => attestNode(server, { proof, bundle }, ending),
      },
      signal,
    );
    return new Identities({
      ...{ ...this.#ports, settings: this.#settings, server, proof, bootstrap, store, membership, remembered },
      identityStore: persists ? identityStore : undefined,
    });
  }

  #serverAddress(): ServerAddress {
    const { serverAddress: host, serverPort: port, trustDomain } = this.#settings;
    const { clock, random } = this.#ports;
    return { clock, addresses: new ServerAddresses({ clock, host, random, resolve: resolveHost }), port, trustDomain };
  }

  #proof(): NodeProver {
    const { nodeAttestation } = this.#settings;
    switch (nodeAttestation.kind) {
      case 'join_token':
        return new JoinTokenProver(nodeAttestation.token);
      case 'x509pop':
        return new X509PopProver({ ...nodeAttestation, random: this.#ports.random });
    }
  }
}
