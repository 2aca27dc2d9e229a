// The composition root: what a server consists of, in the order in which its parts need one another.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ensurePrivateDirectory, type Clock, type Logger, type Random } from '@credence/sdk/runtime';
import { openApi, type ApiOptions } from './api/api.js';
import { TrustBundles } from './api/listeners/trust-bundles.js';
import type { TlsListener } from './api/listeners/tls-listener.js';
import { createJoinTokenAttestor } from './attestation/join-token/join-token-attestor.js';
import { NodeAttestors } from './attestation/node-attestors.js';
import { CertificateAuthority } from './ca/certificate-authority.js';
import { ThreadedCsrChecker } from './ca/threaded-csr-checker.js';
import type { Datastore } from './datastore/datastore.js';
import { openDatastore } from './datastore/sql/open-datastore.js';
import { DiskKeyManager } from './keys/disk-key-manager.js';
import { Registration } from './registration/registration.js';
import type { ServerSettings } from './settings.js';

/** What a server takes from its process. */
export interface ServerSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
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

class CredenceServer implements Server {
  readonly #settings: ServerSettings;
  readonly #surroundings: ServerSurroundings;
  readonly #running: AsyncDisposable[] = [];
  #listener: TlsListener | undefined;

  constructor(settings: ServerSettings, surroundings: ServerSurroundings) {
    this.#settings = settings;
    this.#surroundings = surroundings;
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
      const datastore = await this.#openDatastore();
      const options = await this.#assemble(datastore, signal);
      signal.throwIfAborted();
      this.#listener = this.#own(await openApi(options));
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Ends the parts in reverse order: nobody loses what it stands on. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (let part = this.#running.pop(); part !== undefined; part = this.#running.pop()) {
      await part[Symbol.asyncDispose]();
    }
  }

  async #openDatastore(): Promise<Datastore> {
    const { dataDir } = this.#settings;
    await ensurePrivateDirectory(dataDir);
    const { clock, log } = this.#surroundings;
    return this.#own(await openDatastore({ path: join(dataDir, 'datastore.sqlite3'), clock, log }));
  }

  async #assemble(datastore: Datastore, signal: AbortSignal): Promise<ApiOptions> {
    const { trustDomain, adminIds } = this.#settings;
    const { clock, log } = this.#surroundings;
    const authority = await this.#startAuthority(datastore, signal);
    const registration = this.#own(new Registration({ ...this.#surroundings, trustDomain, datastore }));
    await registration.start(signal);
    const trustDomains = [trustDomain, ...adminIds.map((id) => id.trustDomain)];
    const trustedBundles = new TrustBundles({ ...datastore, trustDomains });
    await trustedBundles.start(signal);
    return {
      ...this.#settings,
      ...this.#surroundings,
      agents: datastore.agents,
      bundles: datastore.bundles,
      joinTokens: datastore.joinTokens,
      entries: registration.entries,
      authorized: registration.authorized,
      grants: registration.grants,
      watches: registration.watches,
      attestors: new NodeAttestors([createJoinTokenAttestor({ joinTokens: datastore.joinTokens, clock })]),
      csrs: this.#own(new ThreadedCsrChecker({ log, workers: availableParallelism() })),
      issuer: authority,
      serverSvid: authority.serverSvid,
      trustedBundles,
    };
  }

  async #startAuthority(datastore: Datastore, signal: AbortSignal): Promise<CertificateAuthority> {
    const { dataDir, ...settings } = this.#settings;
    const keys = await DiskKeyManager.open(dataDir);
    const authority = new CertificateAuthority({ ...settings, ...this.#surroundings, ...datastore, keys });
    this.#own(authority);
    await authority.start(signal);
    return authority;
  }

  #own<Part extends AsyncDisposable>(part: Part): Part {
    this.#running.push(part);
    return part;
  }
}
