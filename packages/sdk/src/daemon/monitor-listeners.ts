// Where monitors find a daemon: metrics, liveness and readiness over HTTP. Pages of the same place share a listener.
import type { Logger } from '../runtime/index.js';
import { livePage, readyPage, type HealthCheck } from './health-pages.js';
import { listenHttp, type Page } from './http-listener.js';

export interface HttpPlace {
  /** A name or an address. */
  readonly host: string;
  /** 0: one that is free. */
  readonly port: number;
}

export interface HealthCheckSettings extends HttpPlace {
  readonly livePath: string;
  readonly readyPath: string;
}

/** Metrics in Prometheus's text format. */
export interface RenderedMetrics {
  /** For the header Content-Type. */
  readonly contentType: string;
  render(): Promise<string>;
}

export interface MonitorListenersOptions<Metrics extends RenderedMetrics> {
  readonly log: Logger;
  /** Undefined: nothing is counted. */
  readonly metrics: HttpPlace | undefined;
  /** Called only where there are to be metrics: their library is eighty modules, which others do not wait for. */
  readonly createMetrics: () => Promise<Metrics>;
  /** Undefined: nobody is told. */
  readonly healthChecks: HealthCheckSettings | undefined;
  /** What readiness is. */
  readonly checks: readonly HealthCheck[];
}

type Pages = Map<string, () => Promise<Page>>;

export class MonitorListeners<Metrics extends RenderedMetrics> implements AsyncDisposable {
  readonly #options: MonitorListenersOptions<Metrics>;
  readonly #listeners: AsyncDisposable[] = [];
  #metrics: Metrics | undefined;

  constructor(options: MonitorListenersOptions<Metrics>) {
    this.#options = options;
  }

  /** Undefined: metrics are switched off, or it does not listen yet. */
  get metrics(): Metrics | undefined {
    return this.#metrics;
  }

  /** @throws `ERR_IN_USE`, `ERR_CONFIG` */
  async listen(): Promise<void> {
    const { log, metrics, createMetrics } = this.#options;
    if (metrics !== undefined) this.#metrics = await createMetrics();
    for (const { host, port, pages } of this.#places())
      this.#listeners.push(await listenHttp({ host, port, pages, log }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const listener of this.#listeners.splice(0)) await listener[Symbol.asyncDispose]();
  }

  #places(): readonly (HttpPlace & { readonly pages: Pages })[] {
    const { metrics: place, healthChecks, checks, log } = this.#options;
    const metrics = this.#metrics;
    const places = new Map<string, HttpPlace & { readonly pages: Pages }>();
    const pagesAt = ({ host, port }: HttpPlace): Pages => {
      const key = `${host} ${port}`;
      const place = places.get(key) ?? { host, port, pages: new Map() };
      places.set(key, place);
      return place.pages;
    };
    if (place !== undefined && metrics !== undefined) pagesAt(place).set('/metrics', () => metricsPage(metrics));
    if (healthChecks !== undefined) {
      pagesAt(healthChecks).set(healthChecks.livePath, livePage);
      pagesAt(healthChecks).set(healthChecks.readyPath, () => readyPage(checks, log));
    }
    return [...places.values()];
  }
}

async function metricsPage(metrics: RenderedMetrics): Promise<Page> {
  return { status: 200, contentType: metrics.contentType, body: await metrics.render() };
}
