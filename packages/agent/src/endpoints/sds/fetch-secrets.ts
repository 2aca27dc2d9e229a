// FetchSecrets: what StreamSecrets would send first, once. Whatever is not the caller's is refused here: nobody waits.
import { status, type handleUnaryCall } from '@grpc/grpc-js';
import { StatusError } from '@credence/sdk/wire';
import type { DiscoveryRequest__Output } from '@credence/sdk/wire/gen/envoy/service/discovery/v3/DiscoveryRequest.js';
import type { DiscoveryResponse } from '@credence/sdk/wire/gen/envoy/service/discovery/v3/DiscoveryResponse.js';
import type { WorkloadSnapshot } from '../../domain/workload-identity.js';
import { checkAlive } from '../workload/serve-caller.js';
import { unaryAnswer } from '../workload/unary-answer.js';
import { secretTypeUrl } from './encode-secret.js';
import { notAuthorized, readNames } from './requests.js';
import { SecretFinder, type FinderOptions } from './secret-finder.js';
import type { SdsOptions } from './sds-ports.js';

export function fetchSecrets(
  options: SdsOptions,
  finderOptions: FinderOptions,
): handleUnaryCall<DiscoveryRequest__Output, DiscoveryResponse> {
  return unaryAnswer(options, async (request, { peer, log, signal }) => {
    const names = readNames(request.resource_names);
    const finder = new SecretFinder(finderOptions, log);
    finder.receive(request, names);
    const selectors = await options.attestation.attest(peer, signal);
    options.limits.check('fetchSecrets', peer, selectors);
    const snapshot = await first(options.snapshots.watch(selectors, signal));
    checkAlive(peer);
    const catalog = finder.find(snapshot, names);
    const refused = [...catalog.missing(names), ...catalog.excluded(names)];
    if (refused.length > 0) throw notAuthorized(refused);
    const resources = catalog.select(names).map((secret) => finder.encode(secret).resource);
    return { resources, type_url: secretTypeUrl };
  });
}

async function first(states: AsyncIterable<WorkloadSnapshot>): Promise<WorkloadSnapshot> {
  for await (const snapshot of states) return snapshot;
  throw new StatusError(status.UNAVAILABLE, 'the agent is stopping');
}
