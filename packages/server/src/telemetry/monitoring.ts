// The server as monitors see it: metrics, liveness and readiness over HTTP, from before its parts are there until after
// they have gone.
import type { TrustDomain } from '@credence/sdk';
import {
  MonitorListeners,
  type HealthCheck,
  type HealthCheckSettings,
  type HttpPlace,
} from '@credence/sdk/daemon/monitoring';
import type { Clock, Logger } from '@credence/sdk/runtime';
import { version } from '../domain/version.js';
import type { Metrics, SigningKind } from './metrics.js';
import type { Lifetime, Vitals } from './vitals.js';

export interface MonitoringOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly trustDomain: TrustDomain;
  /** Undefined: nothing is counted. */
  readonly metrics: HttpPlace | undefined;
  /** Undefined: nobody is told. */
  readonly healthChecks: HealthCheckSettings | undefined;
}

/** What is monitored of a server that has started. */
export interface MonitoredParts {
  readonly authority: { readonly isReady: boolean; readonly lifetimes: readonly Lifetime[] };
  readonly entries: { count(filter: object): Promise<number> };
  readonly agents: { count(filter: { readonly banned: boolean; readonly expiresBefore?: Date }): Promise<number> };
  readonly bundles: { get(trustDomain: TrustDomain): Promise<object | undefined> };
}

export class Monitoring implements Vitals, AsyncDisposable {
  readonly #options: MonitoringOptions;
  readonly #listeners: MonitorListeners<Metrics>;
  #parts: MonitoredParts | undefined;

  constructor(options: MonitoringOptions) {
    this.#options = options;
    this.#listeners = new MonitorListeners({
      ...options,
      createMetrics: () => this.#createMetrics(),
      checks: this.#checks(),
    });
  }

  /** Undefined: metrics are switched off, or it does not listen yet. */
  get metrics(): Metrics | undefined {
    return this.#listeners.metrics;
  }

  /** @throws `ERR_IN_USE`, `ERR_CONFIG` */
  listen(): Promise<void> {
    return this.#listeners.listen();
  }

  /** From now on the server is ready, unless a check fails. */
  serving(parts: MonitoredParts): void {
    this.#parts = parts;
  }

  /** From now on it is not. */
  stopping(): void {
    this.#parts = undefined;
  }

  /** The same function; what it signs is counted. */
  counting<Request, Issued>(kind: SigningKind, sign: (request: Request) => Issued): (request: Request) => Issued {
    return this.metrics?.counting(kind, sign) ?? sign;
  }

  lifetimes(): readonly Lifetime[] {
    return this.#parts?.authority.lifetimes ?? [];
  }

  async countEntries(): Promise<number> {
    return this.#started().entries.count({});
  }

  async countAgents(): Promise<number> {
    const { agents } = this.#started();
    const expiresBefore = this.#options.clock.now();
    const [all, expired] = await Promise.all([
      agents.count({ banned: false }),
      agents.count({ banned: false, expiresBefore }),
    ]);
    return all - expired;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#listeners[Symbol.asyncDispose]();
  }

  async #createMetrics(): Promise<Metrics> {
    const { Metrics } = await import('./metrics.js');
    return new Metrics({ ...this.#options, trustDomain: this.#options.trustDomain.name, version, vitals: this });
  }

  #checks(): readonly HealthCheck[] {
    return [
      { name: 'server', failure: 'the server is starting, or stops', run: () => Promise.resolve(void this.#started()) },
      {
        name: 'server.ca',
        failure: 'there is no live authority to sign with, or no live SVID of the server',
        run: () => (this.#started().authority.isReady ? Promise.resolve() : Promise.reject(new Error('not ready'))),
      },
      {
        name: 'catalog.datastore',
        failure: 'the datastore cannot be read',
        run: async () => {
          const bundle = await this.#started().bundles.get(this.#options.trustDomain);
          if (bundle === undefined) throw new Error('the own bundle is missing');
        },
      },
    ];
  }

  #started(): MonitoredParts {
    if (this.#parts === undefined) throw new Error('the server is not serving');
    return this.#parts;
  }
}
