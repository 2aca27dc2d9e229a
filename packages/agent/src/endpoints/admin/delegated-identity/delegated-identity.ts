// The DelegatedIdentity service: a delegate that the operator trusts as the agent itself gets identities for workloads
// that it knows better than the agent does.
import { delegatedIdentityApi } from '@credence/sdk/wire';
import type { DelegatedIdentityHandlers } from '@credence/sdk/wire/gen/spire/api/agent/delegatedidentity/v1/DelegatedIdentity.js';
import { CallerRate } from '../../peer/caller-rate.js';
import { newJwtSvidsAtOnce, newJwtSvidsPerSecond } from '../../peer/limits.js';
import { streamAnswer } from '../../stream-answer.js';
import { unaryAnswer } from '../../workload/unary-answer.js';
import type { CallOptions } from '../../workload/serve-caller.js';
import type { AdminService } from '../admin-endpoint.js';
import { fetchJwtSvids } from './fetch-jwt-svids.js';
import type { DelegatedIdentityPorts } from './ports.js';
import { subscribeToJwtBundles, subscribeToX509Bundles } from './subscribe-bundles.js';
import { subscribeToX509Svids } from './subscribe-x509-svids.js';

export function delegatedIdentityService(ports: DelegatedIdentityPorts): AdminService {
  const { definition } = delegatedIdentityApi;
  const rate = new CallerRate({
    clock: ports.clock,
    method: definition.FetchJWTSVIDs.path,
    perSecond: newJwtSvidsPerSecond,
    atOnce: newJwtSvidsAtOnce,
  });
  return {
    definition,
    createHandlers: (options: CallOptions) =>
      ({
        SubscribeToX509SVIDs: streamAnswer(options, (request, caller) => subscribeToX509Svids(ports, request, caller)),
        SubscribeToX509Bundles: streamAnswer(options, (_request, caller) => subscribeToX509Bundles(ports, caller)),
        FetchJWTSVIDs: unaryAnswer(options, (request, caller) => fetchJwtSvids({ ...ports, rate }, request, caller)),
        SubscribeToJWTBundles: streamAnswer(options, (_request, caller) => subscribeToJwtBundles(ports, caller)),
      }) satisfies DelegatedIdentityHandlers,
  };
}
