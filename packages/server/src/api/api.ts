// The API as a whole: the services behind the gate, on the TLS listener and on the admin socket.
import type { SpiffeId, X509SvidSource } from '@credence/sdk';
import type { Random } from '@credence/sdk/runtime';
import type { TrustedBundles } from '@credence/sdk/tls';
import type { AgentStore } from '../datastore/agent-store.js';
import type { AgentWatches, CallerGrants } from '../registration/ports.js';
import { Authorizer } from './authorizer.js';
import { Admissions } from './call.js';
import { Connections } from './connections.js';
import { RateLimits, type RateLimitSwitches } from './interceptors/rate-limit.js';
import { listenAdmin } from './listeners/admin-socket.js';
import { listenTls, type TlsListener } from './listeners/tls-listener.js';
import type { ApiObserver } from './observer.js';
import { Pipeline } from './pipeline.js';
import { createLocalServices, createServices, type ServicePorts } from './services.js';

export interface ApiOptions extends Omit<ServicePorts, 'rateLimits'> {
  readonly agents: AgentStore;
  readonly grants: CallerGrants;
  readonly adminIds: readonly SpiffeId[];
  readonly rateLimit: RateLimitSwitches;
  readonly random: Random;
  readonly observer: ApiObserver;
  readonly serverSvid: X509SvidSource;
  readonly trustedBundles: TrustedBundles;
  readonly bindAddress: string;
  readonly bindPort: number;
  readonly socketPath: string;
  /** Ended before the listeners are, which wait for calls to finish. */
  readonly watches: AgentWatches & { end(): void };
}

/** Opens both listeners; if one cannot be opened, neither stays. @throws `ERR_IN_USE`, `ERR_CONFIG` */
export async function openApi(options: ApiOptions): Promise<TlsListener> {
  const { clock, random, log, observer, serverSvid, trustedBundles, rateLimit } = options;
  const admissions = new Admissions();
  const pipeline = new Pipeline({ admissions, clock, random, log, observer });
  const ports: ServicePorts = { ...options, rateLimits: new RateLimits({ clock, settings: rateLimit, observer }) };
  const services = createServices(ports, pipeline);
  const localServices = createLocalServices(ports, pipeline);
  const gate = {
    connections: new Connections(),
    authorizer: new Authorizer(options),
    admissions,
    clock,
    log,
    observer,
  };
  const admin = await listenAdmin({
    ...gate,
    path: options.socketPath,
    services: [...services, ...localServices],
  });
  try {
    const tls = await listenTls({
      ...options,
      ...gate,
      services,
      absentServices: localServices.map(({ definition }) => definition),
      svid: serverSvid,
      bundles: trustedBundles,
    });
    return {
      address: tls.address,
      async [Symbol.asyncDispose]() {
        options.watches.end();
        await Promise.all([tls[Symbol.asyncDispose](), admin[Symbol.asyncDispose]()]);
      },
    };
  } catch (error) {
    await admin[Symbol.asyncDispose]();
    throw error;
  }
}
