// What the Debug service stands on.
import type { X509BundleSource, X509SvidSource, TrustDomain } from '@credence/sdk';
import type { Clock } from '@credence/sdk/runtime';
import type { AgentStore } from '../../datastore/agent-store.js';
import type { BundleStore } from '../../datastore/bundle-store.js';
import type { Entries } from '../../registration/ports.js';

export interface DebugServicePorts {
  readonly trustDomain: TrustDomain;
  readonly clock: Clock;
  readonly agents: Pick<AgentStore, 'count'>;
  readonly bundles: Pick<BundleStore, 'list'>;
  readonly entries: Pick<Entries, 'count'>;
  readonly serverSvid: X509SvidSource;
  /** Holds the bundle of the own trust domain. */
  readonly trustedBundles: X509BundleSource;
}
