// The metrics, in Prometheus's text format: what says when to act. docs/operations.md lists them all; no label ever holds
// what a caller or the server wrote.
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { registerGauges, type GaugesOptions } from './gauges.js';

export interface MetricsOptions extends Omit<GaugesOptions, 'registry'> {
  readonly trustDomain: string;
  readonly version: string;
  /** Of the workload attestors that are asked. */
  readonly attestors: readonly string[];
}

const workloadCalls = ['FetchX509SVID', 'FetchX509Bundles', 'FetchJWTSVID', 'FetchJWTBundles', 'ValidateJWTSVID'];
const refusalReasons = ['PermissionDenied', 'ERR_CALLER_RATE', 'ERR_ATTESTATION', 'ERR_CALLER_UNKNOWN', 'ERR_JWT_SVID'];

export class Metrics {
  readonly #registry = new Registry();
  readonly #open: Gauge<'method'>;
  readonly #calls: Counter<'method' | 'status'>;
  readonly #refusals: Counter<'method' | 'reason'>;
  readonly #connectionsRefused: Counter<'reason'>;
  readonly #connectionsCut: Counter;
  readonly #attestorFailures: Counter<'attestor' | 'reason'>;

  constructor({ trustDomain, version, attestors, ...options }: MetricsOptions) {
    const registers = [this.#registry];
    const counter = <L extends string>(name: string, help: string, labelNames: L[]): Counter<L> =>
      new Counter({ name: `credence_agent_${name}`, help, labelNames, registers });
    const gauge = <L extends string>(name: string, help: string, labelNames: L[]): Gauge<L> =>
      new Gauge({ name: `credence_agent_${name}`, help, labelNames, registers });
    gauge('started', 'always 1', ['version', 'trust_domain_id']).set({ version, trust_domain_id: trustDomain }, 1);
    this.#open = gauge('open_calls', 'calls under way; a stream is one call', ['method']);
    this.#calls = counter('calls_total', 'calls that have ended', ['method', 'status']);
    this.#refusals = counter('calls_refused_total', 'calls that a known caller was refused', ['method', 'reason']);
    this.#connectionsRefused = counter('connections_refused_total', 'connections that were not accepted', ['reason']);
    this.#connectionsCut = counter('connections_cut_total', 'connections of callers that went too far', []);
    this.#attestorFailures = counter('attestor_failures_total', 'workload attestors that did not answer', [
      'attestor',
      'reason',
    ]);
    registerGauges({ ...options, registry: this.#registry });
    this.#beginAtZero(attestors);
    // Node's own: event loop, memory, garbage collection, descriptors.
    collectDefaultMetrics({ register: this.#registry });
  }

  /** For the header Content-Type. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  render(): Promise<string> {
    return this.#registry.metrics();
  }

  callStarted(method: string): void {
    this.#open.inc({ method });
  }

  callEnded(method: string, status: string): void {
    this.#open.dec({ method });
    this.#calls.inc({ method, status });
  }

  callRefused(method: string, reason: string): void {
    this.#refusals.inc({ method, reason });
  }

  connectionRefused(reason: string): void {
    this.#connectionsRefused.inc({ reason });
  }

  connectionCut(): void {
    this.#connectionsCut.inc();
  }

  attestorFailed(attestor: string, reason: 'failed' | 'timed_out'): void {
    this.#attestorFailures.inc({ attestor, reason });
  }

  /** What alerts watch: a counter that appears with its first failure has not increased for Prometheus. */
  #beginAtZero(attestors: readonly string[]): void {
    for (const call of workloadCalls) {
      const method = `/SpiffeWorkloadAPI/${call}`;
      this.#open.set({ method }, 0);
      for (const reason of refusalReasons) this.#refusals.inc({ method, reason }, 0);
    }
    this.#connectionsRefused.inc({ reason: 'ERR_CALLER_LIMIT' }, 0);
    for (const attestor of attestors) {
      for (const reason of ['failed', 'timed_out']) this.#attestorFailures.inc({ attestor, reason }, 0);
    }
  }
}
