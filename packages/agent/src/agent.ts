// The composition root: joins the trust domain, keeps the caches in step with the server, serves them to workloads.
import { lockDataDirectory } from '@credence/sdk/daemon';
import type { Clock, Logger, Random } from '@credence/sdk/runtime';
import { JoinTokenProver } from './attestation/node/join-token/join-token-prover.js';
import type { NodeProver } from './attestation/node/prover.js';
import { X509PopProver } from './attestation/node/x509pop/x509pop-prover.js';
import { ProcWorkloadAttestation } from './attestation/workload/proc-workload-attestation.js';
import { UnixAttestor } from './attestation/workload/unix/unix-attestor.js';
import { taintedBy } from './domain/tainted.js';
import { claimSocket, WorkloadEndpoint } from './endpoints/workload-endpoint.js';
import { AgentSvidKeeper } from './identity/agent-svid-keeper.js';
import { BundleCache, noBundleChanges } from './identity/bundle-cache.js';
import { ChangeWatcher } from './identity/change-watcher.js';
import { EntryCache } from './identity/entry-cache.js';
import { join, type Membership } from './identity/join.js';
import { JwtSvidCache } from './identity/jwt-svid-cache.js';
import { Minter } from './identity/minter.js';
import { Subscriptions } from './identity/subscriptions.js';
import { SvidCache } from './identity/svid-cache.js';
import { Synchronizer } from './identity/synchronizer.js';
import { attestNode, type ServerAddress } from './serverclient/attest-node.js';
import { ServerClient } from './serverclient/server-client.js';
import type { AgentSettings } from './settings.js';
import { DiskAgentStore } from './storage/disk-agent-store.js';
import { loadTrustBundle } from './storage/trust-bundle-file.js';

const procPath = '/proc';

interface Connected {
  readonly server: ServerClient;
  readonly keeper: AgentSvidKeeper;
  readonly synchronizer: Synchronizer;
  readonly subscriptions: Subscriptions;
  readonly jwtSvids: JwtSvidCache;
}

export interface AgentPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
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
  readonly #stopped = new AbortController();
  readonly #resources: (() => PromiseLike<void>)[] = [];
  #settle: (ending: Promise<void>) => void = () => undefined;
  #disposal: Promise<void> | undefined;

  constructor(settings: AgentSettings, ports: AgentPorts) {
    this.#settings = settings;
    this.#ports = ports;
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
    const { dataDir, trustDomain, socketPath } = this.#settings;
    const { log } = this.#ports;
    const lock = await lockDataDirectory(dataDir);
    this.#resources.push(() => lock[Symbol.asyncDispose]());
    await claimSocket(socketPath);
    const store = new DiskAgentStore({ directory: dataDir, trustDomain });
    const membership = await this.#join(store, signal);
    const { server, keeper, synchronizer, subscriptions, jwtSvids } = this.#connect(store, membership);
    this.#resources.push(() => {
      jwtSvids[Symbol.dispose]();
      server[Symbol.dispose]();
      return Promise.resolve();
    });
    const keeping = keeper.run(signal);
    this.#resources.push(() => keeping.catch(() => undefined));
    await Promise.race([synchronizer.synchronize(signal), keeping]);
    const attestation = new ProcWorkloadAttestation({ log, procPath, attestors: [this.#unixAttestor()] });
    const endpoint = new WorkloadEndpoint({
      ...this.#ports,
      attestation,
      snapshots: subscriptions,
      jwtSvids,
      rules: this.#settings,
      socketPath,
      procPath,
    });
    await endpoint.start();
    this.#resources.push(() => endpoint[Symbol.asyncDispose]());
    log.info({ socketPath }, 'starting Workload API');
    const synchronizing = synchronizer.run(signal);
    this.#resources.push(() => synchronizing.catch(() => undefined));
    if (this.#settings.watchChanges) {
      const watching = new ChangeWatcher({ ...this.#ports, server, synchronizer }).run(signal);
      this.#resources.push(() => watching.catch(() => undefined));
    }
    return { loops: Promise.race([keeping, synchronizing]) };
  }

  async #join(store: DiskAgentStore, signal: AbortSignal): Promise<Membership> {
    const { trustDomain, trustBundle } = this.#settings;
    const stored = await store.load();
    const proof = this.#proof();
    return join(
      {
        ...this.#ports,
        advice: proof.advice,
        store,
        stored: stored.svid,
        loadBundle: async () => stored.bundle ?? (await loadTrustBundle(trustBundle?.path, trustDomain)),
        attest: (bundle, ending) => attestNode(this.#serverAddress(), { proof, bundle }, ending),
      },
      signal,
    );
  }

  #connect(store: DiskAgentStore, { svid, bundle }: Membership): Connected {
    const { syncIntervalMs: intervalMs, workloadKeyType: keyType, jwtSvidCacheMaxSize: maxSize } = this.#settings;
    const { log } = this.#ports;
    const bundles = new BundleCache(bundle);
    const server = new ServerClient({
      log,
      server: this.#serverAddress(),
      proof: this.#proof(),
      bundle: () => bundles.own,
      identity: () => keeper.current,
    });
    const keeper: AgentSvidKeeper = new AgentSvidKeeper({ ...this.#ports, source: server, store, svid });
    const entries = new EntryCache();
    const svids = new SvidCache(this.#ports);
    const jwtSvids = new JwtSvidCache({ ...this.#ports, server, maxSize });
    const subscriptions: Subscriptions = new Subscriptions({
      entries,
      svids,
      bundles,
      onMissing: () => {
        synchronizer.hurry();
      },
    });
    const minter = new Minter({
      ...this.#ports,
      server,
      svids,
      keyType,
      onIssued: (issued) => {
        subscriptions.notify({ entries: issued, bundles: noBundleChanges });
      },
    });
    const synchronizer: Synchronizer = new Synchronizer({
      ...this.#ports,
      intervalMs,
      server,
      entries,
      bundles,
      svids,
      jwtSvids,
      minter,
      subscriptions,
      onBundle: (own) => {
        server.drop(); // the next connection is judged by the new authorities
        keeper.expedite(taintedBy(own));
      },
      storeBundle: (own) => store.storeBundle(own),
      onRefused: (refusal, signal) => keeper.recover(refusal, signal),
    });
    return { server, keeper, synchronizer, subscriptions, jwtSvids };
  }

  #serverAddress(): ServerAddress {
    const { serverAddress: address, serverPort: port, trustDomain } = this.#settings;
    return { clock: this.#ports.clock, address, port, trustDomain };
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

  #unixAttestor(): UnixAttestor {
    const { unixAttestor } = this.#settings;
    return new UnixAttestor({ ...unixAttestor, procPath, passwdPath: '/etc/passwd', groupPath: '/etc/group' });
  }
}
