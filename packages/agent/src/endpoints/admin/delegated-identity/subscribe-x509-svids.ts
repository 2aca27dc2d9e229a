// SubscribeToX509SVIDs: the X.509-SVIDs of a workload, with their keys, for its delegate. A workload without any is
// told of by an empty message: the delegate has to withdraw what it had.
import type { SubscribeToX509SVIDsRequest__Output } from '@credence/sdk/wire/gen/spire/api/agent/delegatedidentity/v1/SubscribeToX509SVIDsRequest.js';
import type { SubscribeToX509SVIDsResponse } from '@credence/sdk/wire/gen/spire/api/agent/delegatedidentity/v1/SubscribeToX509SVIDsResponse.js';
import type { X509SVIDWithKey } from '@credence/sdk/wire/gen/spire/api/agent/delegatedidentity/v1/X509SVIDWithKey.js';
import type { Selector } from '../../../domain/selector.js';
import type { WorkloadIdentity, WorkloadSnapshot } from '../../../domain/workload-identity.js';
import type { WorkloadSnapshots } from '../../ports.js';
import type { Caller } from '../../workload/serve-caller.js';
import { requireDelegate } from './delegate.js';
import { encodeId, encodeSeconds } from '../messages.js';
import type { DelegatedIdentityPorts } from './ports.js';
import { isDelegable, selectorsOf } from './subject.js';

export async function* subscribeToX509Svids(
  ports: DelegatedIdentityPorts,
  request: SubscribeToX509SVIDsRequest__Output,
  caller: Caller,
): AsyncGenerator<SubscribeToX509SVIDsResponse, void, undefined> {
  const { snapshots } = ports;
  const delegate = await requireDelegate(caller, ports);
  const selectors = await selectorsOf(request, ports, caller.signal);
  for await (const snapshot of snapshots.watch(selectors, caller.signal)) {
    delegate.check();
    const identities = delegable(snapshot, selectors, snapshots);
    caller.log.debug({ count: identities.length }, 'delegated X.509-SVIDs');
    yield { x509_svids: identities.map(encodeX509Svid), federates_with: federatesWith(snapshot, identities) };
  }
}

function delegable(
  { identities }: WorkloadSnapshot,
  selectors: readonly Selector[],
  snapshots: Pick<WorkloadSnapshots, 'entitlements'>,
): readonly WorkloadIdentity[] {
  const entryIds = new Set(
    snapshots
      .entitlements(selectors)
      .filter(isDelegable)
      .map(({ id }) => id),
  );
  return identities.filter(({ entryId }) => entryIds.has(entryId));
}

function encodeX509Svid({ spiffeId, svid, hint }: WorkloadIdentity): X509SVIDWithKey {
  const { chain, privateKey, expiresAt } = svid;
  return {
    x509_svid: { cert_chain: [...chain], id: encodeId(spiffeId), expires_at: encodeSeconds(expiresAt), hint },
    x509_svid_key: privateKey,
  };
}

/** Those whose bundles are there. */
function federatesWith({ federatedBundles }: WorkloadSnapshot, identities: readonly WorkloadIdentity[]): string[] {
  const all = identities.flatMap((identity) => identity.federatesWith);
  const known = all.filter(({ name }) => federatedBundles.has(name));
  return [...new Set(known.map(({ id }) => id.toString()))].sort();
}
