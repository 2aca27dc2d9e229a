// What is measured at the moment when it is read. Before the agent has joined there is nothing to measure.
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock } from '@credence/sdk/runtime';
import type { Vitals } from './vitals.js';

export interface GaugesOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  /** Undefined: the agent has not joined yet. */
  readonly vitals: () => Vitals | undefined;
}

const spans = { '0s': 0, '1m': 60, '10m': 600, '1h': 3600, '1d': 86_400 } as const;

export function registerGauges(options: GaugesOptions): void {
  registerNumbers(options);
  registerExpiries(options);
  registerTotals(options);
}

function registerNumbers({ registry, clock, vitals }: GaugesOptions): void {
  const started = clock.now();
  const since = (from: Date): number => Math.max(0, (clock.now().getTime() - from.getTime()) / 1000);
  const gauges: [name: string, help: string, measure: (vitals: Vitals) => number | undefined][] = [
    [
      'last_sync_timestamp_seconds',
      'when the last synchronization with the server ended well',
      ({ synchronizer: { record } }) => record.status.lastSuccess && record.status.lastSuccess.getTime() / 1000,
    ],
    [
      'sync_lag_seconds',
      'since the last synchronization that ended well, or the start',
      ({ synchronizer: { record } }) => since(record.status.lastSuccess ?? started),
    ],
    ['watches_server', '1 while the server tells of changes', ({ synchronizer }) => Number(synchronizer.watched)],
    [
      'serves_from_disk',
      '1 while the server has not answered since the start',
      ({ synchronizer: { record } }) => Number(record.status.fromDiskSince !== undefined),
    ],
    ['entries', 'registration entries of this agent', ({ entries }) => entries.entries.size],
    ['x509_svids', 'X.509-SVIDs that are kept new', ({ keptX509Svids }) => keptX509Svids.length],
    [
      'x509_svid_least_life_left_ratio',
      'the smallest share of its life that an X.509-SVID has left',
      ({ keptX509Svids }) => leastLifeLeft(keptX509Svids, clock.now()),
    ],
    ['jwt_svids', 'JWT-SVIDs in the cache', ({ jwtSvids }) => jwtSvids.size],
  ];
  for (const [name, help, measure] of gauges) {
    new Gauge({
      name: `credence_agent_${name}`,
      help,
      registers: [registry],
      collect() {
        const now = vitals();
        const value = now && measure(now);
        if (value === undefined) this.remove();
        else this.set(value);
      },
    });
  }
}

function leastLifeLeft(svids: Vitals['keptX509Svids'], now: Date): number | undefined {
  if (svids.length === 0) return undefined;
  const left = svids.map(({ notBefore, expiresAt }) => {
    return (expiresAt.getTime() - now.getTime()) / (expiresAt.getTime() - notBefore.getTime());
  });
  return left.reduce((least, one) => Math.min(least, one));
}

function registerExpiries({ registry, clock, vitals }: GaugesOptions): void {
  const secondsTo = (date: Date): number => (date.getTime() - clock.now().getTime()) / 1000;
  new Gauge({
    name: 'credence_agent_seconds_to_expiry',
    help: 'seconds left',
    labelNames: ['subject'],
    registers: [registry],
    collect() {
      const svid = vitals()?.agentSvid;
      if (svid !== undefined) this.set({ subject: 'agent_svid' }, Math.floor(secondsTo(svid.expiresAt)));
    },
  });
  new Gauge({
    name: 'credence_agent_lifetime_seconds',
    help: 'its whole life',
    labelNames: ['subject'],
    registers: [registry],
    collect() {
      const svid = vitals()?.agentSvid;
      if (svid === undefined) return;
      this.set({ subject: 'agent_svid' }, (svid.expiresAt.getTime() - svid.notBefore.getTime()) / 1000);
    },
  });
  new Gauge({
    name: 'credence_agent_x509_svids_expiring',
    help: 'of the X.509-SVIDs, those that expire within the span',
    labelNames: ['within'],
    registers: [registry],
    collect() {
      const kept = vitals()?.keptX509Svids ?? [];
      for (const [within, seconds] of Object.entries(spans)) {
        this.set({ within }, kept.filter(({ expiresAt }) => secondsTo(expiresAt) <= seconds).length);
      }
    },
  });
}

function registerTotals({ registry, vitals }: GaugesOptions): void {
  const totals: [name: string, help: string, label: string, (vitals: Vitals) => Readonly<Record<string, number>>][] = [
    [
      'synchronizations_total',
      'rounds with the server',
      'outcome',
      ({ synchronizer }) => ({ ...synchronizer.record.rounds }),
    ],
    ['jwt_svids_served_total', 'JWT-SVIDs given out', 'from', ({ jwtSvids }) => ({ ...jwtSvids.served })],
  ];
  for (const [name, help, label, read] of totals) {
    new Counter({
      name: `credence_agent_${name}`,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset();
        const now = vitals();
        if (now !== undefined) for (const [of, count] of Object.entries(read(now))) this.inc({ [label]: of }, count);
      },
    });
  }
}
