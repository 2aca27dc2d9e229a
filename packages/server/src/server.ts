// The composition root: what a server consists of, in the order in which its parts need one another.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { LogLevelSwitch } from '@credence/sdk/daemon';
import { ensurePrivateDirectory, type Clock, type Logger, type Random } from '@credence/sdk/runtime';
import { openApi, type ApiOptions } from './api/api.js';
import { unobserved } from './api/observer.js';
import { TrustBundles } from './api/listeners/trust-bundles.js';
import type { TlsListener } from './api/listeners/tls-listener.js';
import { createJoinTokenAttestor } from './attestation/join-token/join-token-attestor.js';
import type { NodeAttestor } from './attestation/node-attestor.js';
import { NodeAttestors } from './attestation/node-attestors.js';
import { openX509PopAttestor } from './attestation/x509pop/open-x509pop.js';
import { CertificateAuthority } from './ca/certificate-authority.js';
import { DiskUpstreamAuthority } from './ca/upstream/disk-upstream-authority.js';
import type { UpstreamAuthority } from './ca/upstream/upstream-authority.js';
import { ThreadedCsrChecker } from './ca/threaded-csr-checker.js';
import type { Datastore } from './datastore/datastore.js';
import { backUp } from './datastore/sql/backup.js';
import { openDatastore } from './datastore/sql/open-datastore.js';
import { openBundleEndpoint } from './federation/bundle-endpoint.js';
import { Federation } from './federation/federation.js';
import { openKeyManager } from './keys/open-key-manager.js';
import { Registration } from './registration/registration.js';
import type { ServerSettings } from './settings.js';
import { Monitoring } from './telemetry/monitoring.js';

/** What a server takes from its process. */
export interface ServerSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** How much the log says. */
  readonly logLevel: LogLevelSwitch;
}

/** A server. It does nothing before it is started, and it is started once. */
export interface Server extends AsyncDisposable {
  /**
   * Opens the datastore, takes up the authorities, listens. What runs beside the listeners ends with the signal; the
   * listeners end with disposal, which lets calls finish.
   *
   * @throws `ERR_IN_USE`, `ERR_CONFIG`, `ERR_DATASTORE_UNUSABLE`, `ERR_KEYS`; nothing is left running then
   */
  start(signal: AbortSignal): Promise<void>;
  /** Where the TLS listener listens. @throws TypeError before start */
  readonly tlsAddress: { readonly address: string; readonly port: number };
  readonly socketPath: string;
}

export function createServer(settings: ServerSettings, surroundings: ServerSurroundings): Server {
  return new CredenceServer(settings, surroundings);
}

/**
 * Copies the datastore of a server, running or not, as it is at one moment. Keys are not in it.
 *
 * @throws ERR_USAGE: the file is there · `ERR_DATASTORE_UNUSABLE`: there is no datastore, or it is damaged
 */
export function backUpDatastore({ dataDir }: Pick<ServerSettings, 'dataDir'>, file: string): Promise<void> {
  return backUp({ from: datastoreIn(dataDir), to: file });
}

function datastoreIn(dataDir: string): string {
  return join(dataDir, 'datastore.sqlite3');
}

class CredenceServer implements Server {
  readonly #settings: ServerSettings;
  readonly #surroundings: ServerSurroundings;
  readonly #running: AsyncDisposable[] = [];
  readonly #monitoring: Monitoring;
  #listener: TlsListener | undefined;

  constructor(settings: ServerSettings, surroundings: ServerSurroundings) {
    this.#settings = settings;
    this.#surroundings = surroundings;
    const { metrics, healthChecks } = settings;
    this.#monitoring = new Monitoring({ ...settings, ...surroundings, metrics, healthChecks });
  }

  get socketPath(): string {
    return this.#settings.socketPath;
  }

  get tlsAddress(): TlsListener['address'] {
    if (this.#listener === undefined) throw new TypeError('the server has not been started');
    return this.#listener.address;
  }

  async start(signal: AbortSignal): Promise<void> {
    try {
      await this.#own(this.#monitoring).listen();
      const datastore = await this.#openDatastore();
      const authority = await this.#startAuthority(datastore, signal);
      const options = await this.#assemble(datastore, authority, signal);
      signal.throwIfAborted();
      this.#listener = this.#own(await openApi(options));
      this.#monitoring.serving({ ...datastore, authority });
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Ends the parts in reverse order: nobody loses what it stands on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#monitoring.stopping();
    for (let part = this.#running.pop(); part !== undefined; part = this.#running.pop()) {
      await part[Symbol.asyncDispose]();
    }
  }

  async #openDatastore(): Promise<Datastore> {
    const { dataDir } = this.#settings;
    await ensurePrivateDirectory(dataDir);
    const { clock, log } = this.#surroundings;
    return this.#own(await openDatastore({ path: datastoreIn(dataDir), clock, log }));
  }

  async #assemble(datastore: Datastore, authority: CertificateAuthority, signal: AbortSignal): Promise<ApiOptions> {
    const { trustDomain, adminIds, agentPruning } = this.#settings;
    const { log } = this.#surroundings;
    const registration = this.#own(new Registration({ ...this.#surroundings, trustDomain, datastore, agentPruning }));
    await registration.start(signal);
    const trustDomains = [trustDomain, ...adminIds.map((id) => id.trustDomain)];
    const trustedBundles = new TrustBundles({ ...datastore, trustDomains });
    await trustedBundles.start(signal);
    return {
      ...this.#settings,
      ...this.#surroundings,
      agents: datastore.agents,
      bundles: datastore.bundles,
      federatedBundles: datastore.federatedBundles,
      relationships: datastore.relationships,
      federation: await this.#startFederation(datastore, authority, signal),
      joinTokens: datastore.joinTokens,
      entries: registration.entries,
      authorized: registration.authorized,
      grants: registration.grants,
      explanations: registration.explanations,
      watches: registration.watches,
      attestors: new NodeAttestors(await this.#openAttestors(datastore, authority)),
      csrs: this.#own(new ThreadedCsrChecker({ log, workers: availableParallelism() })),
      ...this.#countedIssuers(authority),
      observer: this.#monitoring.metrics ?? unobserved,
      localAuthorities: authority.localAuthorities,
      upstreamBundle: authority.upstreamBundle,
      serverSvid: authority.serverSvid,
      trustedBundles,
    };
  }

  #countedIssuers(issuers: CertificateAuthority): Pick<ApiOptions, 'issuer' | 'jwtIssuer' | 'downstreamIssuer'> {
    const { x509Issuer, jwtIssuer, downstreamIssuer } = issuers;
    const counting = this.#monitoring.counting.bind(this.#monitoring);
    return {
      issuer: { issueX509Svid: counting('x509_svid', (request) => x509Issuer.issueX509Svid(request)) },
      jwtIssuer: jwtIssuer && { issueJwtSvid: counting('jwt_svid', (request) => jwtIssuer.issueJwtSvid(request)) },
      downstreamIssuer: {
        issueDownstreamCa: counting('x509_ca_svid', (request) => downstreamIssuer.issueDownstreamCa(request)),
      },
    };
  }

  async #openAttestors({ joinTokens }: Datastore, { bundle: bundles }: CertificateAuthority): Promise<NodeAttestor[]> {
    const { trustDomain, nodeAttestors } = this.#settings;
    const joinToken = createJoinTokenAttestor({ joinTokens, clock: this.#surroundings.clock });
    const { x509pop } = nodeAttestors;
    if (x509pop === undefined) return [joinToken];
    return [joinToken, await openX509PopAttestor({ ...x509pop, ...this.#surroundings, trustDomain, bundles })];
  }

  async #startFederation(
    { bundles, relationships }: Datastore,
    { serverSvid }: CertificateAuthority,
    signal: AbortSignal,
  ): Promise<Federation> {
    const { trustDomain, federation } = this.#settings;
    const { bundleEndpoint, relationships: configured } = federation;
    const parts = { ...this.#surroundings, bundles };
    if (bundleEndpoint !== undefined) {
      this.#own(await openBundleEndpoint({ ...parts, ...bundleEndpoint, trustDomain, serverSvid }));
    }
    const started = this.#own(new Federation({ ...parts, relationships, configured }));
    await started.start(signal);
    return started;
  }

  async #startAuthority(datastore: Datastore, signal: AbortSignal): Promise<CertificateAuthority> {
    const keys = await openKeyManager(this.#settings.keyManager);
    const upstream = await this.#upstreamAuthority(signal);
    const authority = new CertificateAuthority({
      ...this.#settings,
      ...this.#surroundings,
      ...datastore,
      keys,
      upstream,
    });
    this.#own(authority);
    await authority.start(signal);
    return authority;
  }

  async #upstreamAuthority(signal: AbortSignal): Promise<UpstreamAuthority | undefined> {
    const { upstreamAuthority: above, trustDomain } = this.#settings;
    if (above === undefined) return undefined;
    const parts = { ...this.#surroundings, trustDomain };
    if (above.kind === 'disk') return new DiskUpstreamAuthority({ ...parts, ...above });
    // It takes the Workload API's client along.
    const { SpireUpstreamAuthority } = await import('./serverclient/spire-upstream-authority.js');
    return this.#own(new SpireUpstreamAuthority({ ...parts, ...above, signal }));
  }

  #own<Part extends AsyncDisposable>(part: Part): Part {
    this.#running.push(part);
    return part;
  }
}
