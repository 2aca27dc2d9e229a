// The metrics, in Prometheus's text format: what calls come to under the names that SPIRE's dashboards know, and what
// says when to act under our own. docs/operations.md lists them all; no label ever holds what a client wrote.
import { collectDefaultMetrics, Counter, Registry, Summary } from 'prom-client';
import { statusName } from '@credence/sdk/daemon';
import { isSpiffeError, type Clock, type Logger } from '@credence/sdk/runtime';
import { registerGauges } from './gauges.js';
import { LastSeen } from './last-seen.js';
import { rpcName } from './rpc-name.js';
import type { Vitals } from './vitals.js';

export interface MetricsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly vitals: Vitals;
  readonly trustDomain: string;
  readonly version: string;
}

export type SigningKind = 'x509_svid' | 'jwt_svid' | 'x509_ca_svid';

const lastStatus = 16;
const refusalReasons = [
  ...['PermissionDenied', 'Unauthenticated', 'Internal'],
  ...['AGENT_EXPIRED', 'AGENT_NOT_ATTESTED', 'AGENT_NOT_ACTIVE', 'AGENT_BANNED'],
];

interface RpcMetrics {
  readonly calls: Counter;
  readonly elapsed: Summary;
}

export class Metrics {
  readonly #clock: Clock;
  readonly #registry = new Registry();
  readonly #rpcs = new Map<string, RpcMetrics>();
  readonly #lastSeen = new LastSeen();
  readonly #refusals: Counter<'reason'>;
  readonly #items: Counter<'method' | 'status'>;
  readonly #limited: Counter<'limit' | 'outcome'>;
  readonly #unsigned: Counter<'kind' | 'reason'>;
  readonly #signed: Readonly<Record<SigningKind, Counter>>;

  constructor({ clock, log, vitals, trustDomain, version }: MetricsOptions) {
    this.#clock = clock;
    const registry = this.#registry;
    const counter = <L extends string>(name: string, help: string, labelNames: L[]): Counter<L> =>
      new Counter({ name, help, labelNames, registers: [registry] });
    this.#refusals = counter('credence_server_calls_refused_total', 'calls denied', ['reason']);
    this.#items = counter('credence_server_batch_items_total', 'items of batches', ['method', 'status']);
    this.#limited = counter('credence_server_rate_limited_total', 'calls over a rate limit', ['limit', 'outcome']);
    this.#unsigned = counter('credence_server_signing_failed_total', 'what was not signed', ['kind', 'reason']);
    this.#signed = {
      x509_svid: counter('spire_server_server_ca_sign_x509_svid', 'X.509-SVIDs signed', []),
      jwt_svid: counter('spire_server_server_ca_sign_jwt_svid', 'JWT-SVIDs signed', []),
      x509_ca_svid: counter('spire_server_server_ca_sign_x509_ca_svid', 'authorities of downstream servers signed', []),
    };
    registerGauges({ registry, clock, log, vitals, lastSeen: this.#lastSeen, trustDomain, version });
    this.#beginAtZero();
    // Node's own: event loop, memory, garbage collection, descriptors.
    collectDefaultMetrics({ register: registry });
  }

  /** For the header Content-Type. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  render(): Promise<string> {
    return this.#registry.metrics();
  }

  callEnded({ method, code, elapsedMs }: { method: string; code: string; elapsedMs: number }): void {
    const { calls, elapsed } = this.#rpc(method);
    calls.inc({ status: code });
    elapsed.observe({ status: code }, elapsedMs);
  }

  itemEnded(method: string, code: string): void {
    this.#items.inc({ method, status: code });
  }

  callRefused(reason: string): void {
    this.#refusals.inc({ reason });
  }

  rateLimited(limit: string, outcome: string): void {
    this.#limited.inc({ limit, outcome });
  }

  agentSeen(id: string): void {
    this.#lastSeen.note(id, this.#clock.now());
  }

  /** The same function; what it signs is counted, and what it refuses by the code of its error. */
  counting<Request, Issued>(kind: SigningKind, sign: (request: Request) => Issued): (request: Request) => Issued {
    return (request) => {
      try {
        const issued = sign(request);
        this.#signed[kind].inc();
        return issued;
      } catch (error) {
        this.#unsigned.inc({ kind, reason: isSpiffeError(error) ? error.code : 'unknown' });
        throw error;
      }
    };
  }

  /** What alerts watch: a counter that appears with its first failure has not increased for Prometheus. */
  #beginAtZero(): void {
    for (const reason of refusalReasons) this.#refusals.inc({ reason }, 0);
    for (const kind of Object.keys(this.#signed)) {
      for (const reason of ['ERR_NOT_READY', 'ERR_PROFILE']) this.#unsigned.inc({ kind, reason }, 0);
    }
    const { calls } = this.#rpc('/spire.api.server.agent.v1.Agent/AttestAgent');
    for (let code = 0; code <= lastStatus; code++) calls.inc({ status: statusName(code) }, 0);
  }

  /** Made with the first call: most servers never see most methods. */
  #rpc(method: string): RpcMetrics {
    const known = this.#rpcs.get(method);
    if (known !== undefined) return known;
    const name = `spire_server_rpc_${rpcName(method)}`;
    const common = { labelNames: ['status'], registers: [this.#registry] };
    const made = {
      calls: new Counter({ ...common, name, help: `calls of ${method}` }),
      elapsed: new Summary({
        ...common,
        name: `${name}_elapsed_time`,
        help: `milliseconds that calls of ${method} took`,
        percentiles: [0.5, 0.9, 0.99],
        maxAgeSeconds: 60,
        ageBuckets: 6,
      }),
    };
    this.#rpcs.set(method, made);
    return made;
  }
}
