// The agent as monitors see it: metrics, liveness and readiness over HTTP, from before it joins until after it has
// stopped.
import type { TrustDomain } from '@credence/sdk';
import {
  MonitorListeners,
  type HealthCheck,
  type HealthCheckSettings,
  type HttpPlace,
} from '@credence/sdk/daemon/monitoring';
import type { Clock, Logger } from '@credence/sdk/runtime';
import { version } from '../domain/version.js';
import type { Metrics } from './metrics.js';
import type { Vitals } from './vitals.js';

export interface MonitoringOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly trustDomain: TrustDomain;
  /** Undefined: nothing is counted. */
  readonly metrics: HttpPlace | undefined;
  /** Undefined: nobody is told. */
  readonly healthChecks: HealthCheckSettings | undefined;
  /** The types of the workload attestors. */
  readonly attestors: readonly string[];
}

/** Whether a workload that asked now would be answered. */
export type Answers = () => Promise<boolean>;

export class Monitoring implements AsyncDisposable {
  readonly #options: MonitoringOptions;
  readonly #listeners: MonitorListeners<Metrics>;
  #vitals: Vitals | undefined;
  #answers: Answers | undefined;

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

  /** The agent has joined: from now on there is something to measure. */
  joined(vitals: Vitals): void {
    this.#vitals = vitals;
  }

  /** From now on the agent is ready, unless a check fails. */
  serving(answers: Answers): void {
    this.#answers = answers;
  }

  /** From now on it is not. */
  stopping(): void {
    this.#answers = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#listeners[Symbol.asyncDispose]();
  }

  async #createMetrics(): Promise<Metrics> {
    const { clock, trustDomain, attestors } = this.#options;
    const { Metrics } = await import('./metrics.js');
    return new Metrics({ clock, vitals: () => this.#vitals, trustDomain: trustDomain.name, version, attestors });
  }

  #checks(): readonly HealthCheck[] {
    return [
      {
        name: 'agent',
        failure: 'the agent has not joined or not synchronized yet, or stops',
        run: () => (this.#answers === undefined ? fails('the agent is not serving') : Promise.resolve()),
        warning: () => this.#vitals && syncWarning(this.#vitals.synchronizer.record.status),
      },
      {
        name: 'agent.svid',
        failure: 'the agent has no SVID, or it has expired: nothing can be renewed',
        run: () => {
          const expiresAt = this.#vitals?.agentSvid.expiresAt;
          return expiresAt !== undefined && expiresAt > this.#options.clock.now()
            ? Promise.resolve()
            : fails('no live SVID');
        },
      },
      {
        name: 'agent.workload_api',
        failure: 'the Workload API does not answer',
        run: async () => ((await this.#answers?.()) === true ? undefined : fails('there is no answer')),
      },
    ];
  }
}

// Why it failed is for those who may read the log.
function syncWarning({
  lastSuccess,
  lastFailure,
  fromDiskSince,
}: Vitals['synchronizer']['record']['status']): string | undefined {
  if (lastFailure === undefined) return undefined;
  const last =
    lastSuccess === undefined ? 'it never was since it started' : `it last was at ${lastSuccess.toISOString()}`;
  const disk = fromDiskSince === undefined ? '' : '; it serves what it had on disk';
  return `the agent is not in sync with its server; ${last}${disk}`;
}

function fails(problem: string): Promise<never> {
  return Promise.reject(new Error(problem));
}
