// Envoy's secret discovery service (SDS v3): the caller's X.509-SVIDs and bundles, as Envoy takes them.
import type { SecretDiscoveryServiceHandlers } from '@credence/sdk/wire/gen/envoy/service/secret/v3/SecretDiscoveryService.js';
import type { WorkloadSnapshot } from '../../domain/workload-identity.js';
import { DeltaSession } from './delta-session.js';
import { fetchSecrets } from './fetch-secrets.js';
import { SecretCatalog } from './secret-catalog.js';
import type { SdsOptions } from './sds-ports.js';
import { secretStream } from './secret-stream.js';
import { SotwSession } from './sotw-session.js';

/** The handlers of SecretDiscoveryService; the peer was checked before they run. Envoy sends no security header. */
export function sdsHandlers(options: SdsOptions): SecretDiscoveryServiceHandlers {
  const { clock, random, rules } = options;
  const { disableSpiffeCertValidation } = rules.sds;
  const finder = { clock, random, disableSpiffeCertValidation, catalogOf: catalogs(rules) };
  return {
    StreamSecrets: secretStream(options, (log) => new SotwSession(finder, log)),
    DeltaSecrets: secretStream(options, (log) => new DeltaSession(finder, log)),
    FetchSecrets: fetchSecrets(options, finder),
  };
}

// Streams of like processes share their snapshots, and what is made of them.
function catalogs(rules: SdsOptions['rules']): (snapshot: WorkloadSnapshot) => SecretCatalog {
  const made = new WeakMap<WorkloadSnapshot, SecretCatalog>();
  return (snapshot) => {
    const known = made.get(snapshot);
    if (known !== undefined) return known;
    const catalog = new SecretCatalog(snapshot, rules.sds, rules.allowUnauthenticatedVerifiers);
    made.set(snapshot, catalog);
    return catalog;
  };
}
