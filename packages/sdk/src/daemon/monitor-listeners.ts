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

export interface MonitorListenersOptions {
  readonly log: Logger;
  /** Undefined: nobody is told. */
  readonly metrics: (HttpPlace & { readonly of: RenderedMetrics }) | undefined;
  /** Undefined: nobody is told. */
  readonly healthChecks: HealthCheckSettings | undefined;
  /** What readiness is. */
  readonly checks: readonly HealthCheck[];
}

type Pages = Map<string, () => Promise<Page>>;

export class MonitorListeners implements AsyncDisposable {
  readonly #options: MonitorListenersOptions;
  readonly #listeners: AsyncDisposable[] = [];

  constructor(options: MonitorListenersOptions) {
    this.#options = options;
  }

  /** @throws `ERR_IN_USE`, `ERR_CONFIG` */
  async listen(): Promise<void> {
    const { log } = this.#options;
    for (const { host, port, pages } of this.#places())
      this.#listeners.push(await listenHttp({ host, port, pages, log }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const listener of this.#listeners.splice(0)) await listener[Symbol.asyncDispose]();
  }

  #places(): readonly (HttpPlace & { readonly pages: Pages })[] {
    const { metrics, healthChecks, checks, log } = this.#options;
    const places = new Map<string, HttpPlace & { readonly pages: Pages }>();
    const pagesAt = ({ host, port }: HttpPlace): Pages => {
      const key = `${host} ${port}`;
      const place = places.get(key) ?? { host, port, pages: new Map() };
      places.set(key, place);
      return place.pages;
    };
    if (metrics !== undefined) pagesAt(metrics).set('/metrics', () => metricsPage(metrics.of));
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
