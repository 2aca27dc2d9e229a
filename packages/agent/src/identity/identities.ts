// Everything that knows identities, put together: the caches, what fills them from the server, and what reads them.
import type { Clock, Logger, Random } from '@credence/sdk/runtime';
import type { NodeProver } from '../attestation/node/prover.js';
import type { AgentSvid } from '../domain/agent-svid.js';
import type { RememberedIdentities } from '../domain/remembered-identities.js';
import type { TrustBundle, WorkloadX509Svid } from '../domain/workload-identity.js';
import { taintedBy } from '../domain/tainted.js';
import type { ServerAddress } from '../serverclient/attest-node.js';
import { ServerClient } from '../serverclient/server-client.js';
import type { AgentSettings } from '../settings.js';
import { AgentSvidKeeper } from './agent-svid-keeper.js';
import type { Bootstrap } from './bootstrap.js';
import { BundleCache, noBundleChanges } from './bundle-cache.js';
import { ChangeWatcher } from './change-watcher.js';
import { EntryCache } from './entry-cache.js';
import { IdentityRecorder } from './identity-recorder.js';
import type { Joined, Membership } from './join.js';
import { JwtSvidCache } from './jwt-svid-cache.js';
import { Minter } from './minter.js';
import type { AgentStore, IdentityStore } from './ports.js';
import { recall } from './recall.js';
import { checkRebootstrap, Rebootstrap } from './rebootstrap.js';
import { RotationPolicy } from './rotation-policy.js';
import { Subscriptions } from './subscriptions.js';
import { SvidCache } from './svid-cache.js';
import { SvidDemand } from './svid-demand.js';
import { Synchronizer } from './synchronizer.js';

// A server that answers does so within this: what is on disk is served only if it does not.
const patienceMs = 2000;

export interface IdentitiesOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly settings: Pick<
    AgentSettings,
    | 'availabilityTargetMs'
    | 'jwtSvidCacheMaxSize'
    | 'rebootstrap'
    | 'syncIntervalMs'
    | 'watchChanges'
    | 'workloadKeyType'
    | 'x509SvidCacheMaxSize'
  >;
  readonly server: ServerAddress;
  readonly proof: NodeProver;
  readonly bootstrap: Bootstrap;
  readonly store: AgentStore;
  /** Undefined: what is served is not written down. */
  readonly identityStore: IdentityStore | undefined;
  readonly membership: Joined;
  /** What the last run of the agent wrote down. */
  readonly remembered: RememberedIdentities | undefined;
}

export class Identities implements AsyncDisposable {
  readonly synchronizer: Synchronizer;
  readonly entries = new EntryCache();
  readonly bundles: BundleCache;
  readonly x509Svids: SvidCache;
  readonly jwtSvids: JwtSvidCache;
  readonly subscriptions: Subscriptions;
  readonly #options: IdentitiesOptions;
  readonly #server: ServerClient;
  readonly #demand: SvidDemand;
  readonly #keeper: AgentSvidKeeper;
  readonly #recorder: IdentityRecorder | undefined;
  readonly #running: Promise<unknown>[] = [];
  /** After the agent has joined anew, until the server's own bundle comes: by what it is recognised. */
  #newTrust: TrustBundle | undefined;
  /** The sequence number of the bundle that the server was told of last. */
  #reported: bigint | undefined;

  constructor(options: IdentitiesOptions) {
    const { clock, random, log, settings, server: address, proof, membership, identityStore } = options;
    const { availabilityTargetMs, workloadKeyType: keyType, syncIntervalMs: intervalMs } = settings;
    const common = { clock, random, log };
    const { entries } = this;
    this.#options = options;
    const bundles = new BundleCache(membership.bundle);
    const server = new ServerClient({
      log,
      server: address,
      proof,
      bundle: () => this.#newTrust ?? bundles.own,
      identity: () => this.#keeper.current,
    });
    const rotation = new RotationPolicy({ random, log, availabilityTargetMs });
    const { svid, receivedAt } = membership;
    const svids = new SvidCache({ clock, random, rotation });
    const onMissing = (): void => {
      this.synchronizer.hurry();
    };
    const subscriptions = new Subscriptions({ entries, svids, bundles, onMissing });
    const agent = (): typeof svid => this.#keeper.current;
    this.#recorder =
      identityStore && new IdentityRecorder({ clock, log, store: identityStore, entries, svids, bundles, agent });
    const store = this.#agentStore();
    this.#keeper = new AgentSvidKeeper({ ...common, rotation, source: server, store, svid, receivedAt });
    this.jwtSvids = new JwtSvidCache({ ...common, server, maxSize: settings.jwtSvidCacheMaxSize });
    const minter = new Minter({
      ...common,
      server,
      svids,
      keyType,
      onIssued: (issued) => {
        subscriptions.notify({ entries: issued, bundles: noBundleChanges });
        this.#recorder?.changed();
      },
    });
    const rebootstrap = new Rebootstrap({
      ...{ clock, log, settings: settings.rebootstrap },
      isReattestable: () => this.#keeper.current.reattestable,
      rejoin: (signal) => this.#rejoin(signal),
    });
    this.#demand = new SvidDemand({ entries, svids, subscriptions, maxSize: settings.x509SvidCacheMaxSize });
    this.synchronizer = new Synchronizer({
      ...{ ...common, intervalMs, server, entries, bundles, svids, minter, subscriptions, jwtSvids: this.jwtSvids },
      demand: this.#demand,
      onBundle: (own) => {
        this.#newTrust = undefined;
        server.drop(); // the next connection is judged by the new authorities
        this.#keeper.expedite(taintedBy(own));
      },
      onChanged: () => this.#recorder?.changed(),
      storeBundle: (own) => options.store.storeBundle(own),
      onRefused: (refusal, signal) => this.#keeper.recover(refusal, signal),
      onOutcome: (failure, signal) => {
        if (failure === undefined) this.#report(signal);
        return rebootstrap.consider(failure, signal);
      },
    });
    this.#server = server;
    this.bundles = bundles;
    this.x509Svids = svids;
    this.subscriptions = subscriptions;
  }

  /** Those that are renewed in time. */
  get keptX509Svids(): readonly WorkloadX509Svid[] {
    return this.#demand.kept();
  }

  /** The agent's own. */
  get agentSvid(): AgentSvid {
    return this.#keeper.current;
  }

  /**
   * Resolves as soon as there is something right to serve: when the server has answered, or, with remembered identities,
   * when it does not.
   *
   * @returns what runs until the signal aborts, or fails with ERR_SERVER_REFUSED.
   * @throws ERR_SERVER_REFUSED, ERR_BOOTSTRAP, `signal.reason`
   */
  async start(signal: AbortSignal): Promise<{ readonly loops: Promise<never> }> {
    const { clock, remembered, settings } = this.#options;
    const { entries, x509Svids, bundles } = this;
    checkRebootstrap(settings.rebootstrap, this.#keeper.current);
    if (remembered !== undefined) recall(remembered, { entries, svids: x509Svids, bundles });
    const keeping = this.#run(this.#keeper.run(signal));
    const inStep = this.#run(this.synchronizer.synchronize(signal));
    if (this.#recorder !== undefined) void this.#run(this.#recorder.run(signal));
    const ready: Promise<unknown>[] = [inStep, keeping];
    if (remembered !== undefined)
      ready.push(this.synchronizer.record.attempted, clock.sleep(patienceMs, { signal, ref: false }));
    await Promise.race(ready);
    if (remembered !== undefined) {
      this.synchronizer.record.servesFromDisk({ writtenAt: remembered.writtenAt, svids: x509Svids.size });
    }
    const synchronizing = this.#run(inStep.then(() => this.synchronizer.run(signal)));
    if (settings.watchChanges) {
      void this.#run(
        new ChangeWatcher({ ...this.#options, server: this.#server, synchronizer: this.synchronizer }).run(signal),
      );
    }
    return { loops: Promise.race([keeping, synchronizing]) };
  }

  /** Ends after the signal that was given to `start`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#running);
    this.jwtSvids[Symbol.dispose]();
    this.#server[Symbol.dispose]();
  }

  // Once, and again with each new bundle. Nothing depends on it, and older servers do not know it.
  #report(signal: AbortSignal): void {
    const { sequenceNumber } = this.bundles.own;
    if (this.#reported === sequenceNumber) return;
    this.#reported = sequenceNumber;
    const reporting = this.#server.postStatus(sequenceNumber, signal);
    void this.#run(reporting).catch((error: unknown) => {
      this.#options.log.debug({ err: error }, 'the status of the agent could not be reported');
    });
  }

  async #rejoin(signal: AbortSignal): Promise<void> {
    const { bootstrap, store } = this.#options;
    const adopt = async ({ svid, bundle }: Membership): Promise<void> => {
      // In this order: an agent that is killed in between finds the server unknown again, and joins anew.
      await this.#keeper.adopt(svid);
      await store.storeBundle(bundle);
      this.#newTrust = bundle;
    };
    await this.#server.rejoin(await bootstrap.load('rebootstrap', signal), adopt, signal);
  }

  // A new SVID has a new key, by which what is on disk is to be sealed; without an SVID nothing may be there.
  #agentStore(): AgentStore {
    const { store } = this.#options;
    return {
      storeSvid: async (svid) => {
        await store.storeSvid(svid);
        this.#recorder?.changed();
      },
      removeSvid: async () => {
        await store.removeSvid();
        await this.#recorder?.forget();
      },
      storeBundle: (bundle) => store.storeBundle(bundle),
    };
  }

  #run<T>(loop: Promise<T>): Promise<T> {
    this.#running.push(loop.catch(() => undefined));
    return loop;
  }
}
