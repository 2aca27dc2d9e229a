// What is measured at the moment when it is read.
import { Gauge, type Registry } from 'prom-client';
import type { Clock, Logger } from '@credence/sdk/runtime';
import { spans, type LastSeen } from './last-seen.js';
import type { Lifetime, Vitals } from './vitals.js';

export interface GaugesOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
  readonly vitals: Vitals;
  readonly lastSeen: LastSeen;
  readonly trustDomain: string;
  readonly version: string;
}

export function registerGauges(options: GaugesOptions): void {
  registerUptime(options);
  registerLifetimes(options);
  registerCounts(options);
}

function registerUptime({ registry, clock, trustDomain, version }: GaugesOptions): void {
  const started = clock.now().getTime();
  new Gauge({
    name: 'spire_server_started',
    help: 'always 1',
    labelNames: ['version', 'trust_domain_id'],
    registers: [registry],
  }).set({ version, trust_domain_id: trustDomain }, 1);
  new Gauge({
    name: 'spire_server_uptime_in_ms',
    help: 'milliseconds since the start',
    registers: [registry],
    collect() {
      this.set(clock.now().getTime() - started);
    },
  });
}

function registerLifetimes(options: GaugesOptions): void {
  const { trustDomain: td } = options;
  const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);
  const x509 = (lifetime: Lifetime): object | undefined =>
    lifetime.subject === 'x509_authority' ? { trust_domain_id: td } : undefined;
  const all = ({ subject }: Lifetime): object => ({ subject });
  const gauges: [name: string, help: string, Labels, (lifetime: Lifetime, now: Date) => number][] = [
    [
      'credence_server_seconds_to_expiry',
      'seconds left',
      all,
      ({ expiresAt }, now) => seconds(expiresAt) - seconds(now),
    ],
    ['credence_server_lifetime_seconds', 'its whole life', all, (of) => seconds(of.expiresAt) - seconds(of.issuedAt)],
    [
      'credence_server_last_rotation_timestamp_seconds',
      'when it was last replaced or its next was made',
      all,
      ({ rotatedAt }) => seconds(rotatedAt),
    ],
    [
      'spire_server_manager_x509_ca_rotate_expiration',
      'when the X.509 authority expires',
      x509,
      ({ expiresAt }) => seconds(expiresAt),
    ],
    [
      'spire_server_manager_x509_ca_rotate_ttl',
      'seconds left of the X.509 authority',
      x509,
      ({ expiresAt }, now) => seconds(expiresAt) - seconds(now),
    ],
  ];
  for (const [name, help, labels, measure] of gauges) registerLifetime({ ...options, name, help, labels, measure });
}

type Labels = (lifetime: Lifetime) => object | undefined;

interface LifetimeGauge extends GaugesOptions {
  readonly name: string;
  readonly help: string;
  /** Undefined: not for this one. */
  readonly labels: Labels;
  readonly measure: (lifetime: Lifetime, now: Date) => number;
}

function registerLifetime({ registry, clock, vitals, name, help, labels, measure }: LifetimeGauge): void {
  new Gauge({
    name,
    help,
    labelNames: name.startsWith('spire_') ? ['trust_domain_id'] : ['subject'],
    registers: [registry],
    collect() {
      this.reset();
      for (const lifetime of vitals.lifetimes()) {
        const of = labels(lifetime);
        if (of !== undefined) this.set(of, measure(lifetime, clock.now()));
      }
    },
  });
}

function registerCounts({ registry, clock, log, vitals, lastSeen }: GaugesOptions): void {
  const register = (name: string, help: string, count: () => Promise<number>): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        this.remove();
        try {
          this.set(await count());
        } catch (error) {
          log.warn({ err: error, metric: name }, 'a metric could not be measured');
        }
      },
    });
  };
  register('credence_server_entries', 'registration entries', () => vitals.countEntries());
  register('credence_server_agents', 'attested agents, neither banned nor expired', () => vitals.countAgents());
  new Gauge({
    name: 'credence_server_agents_seen',
    help: 'agents that called this server within the span',
    labelNames: ['within'],
    registers: [registry],
    collect() {
      for (const [within, ms] of Object.entries(spans)) this.set({ within }, lastSeen.count(ms, clock.now()));
    },
  });
}
