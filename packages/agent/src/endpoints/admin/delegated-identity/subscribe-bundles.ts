// SubscribeToX509Bundles and SubscribeToJWTBundles: every bundle that the agent knows, for a delegate.
import { delegatedIdentityApi } from '@credence/sdk/wire';
import type { SubscribeToJWTBundlesResponse } from '@credence/sdk/wire/gen/spire/api/agent/delegatedidentity/v1/SubscribeToJWTBundlesResponse.js';
import type { SubscribeToX509BundlesResponse } from '@credence/sdk/wire/gen/spire/api/agent/delegatedidentity/v1/SubscribeToX509BundlesResponse.js';
import type { TrustedBundles } from '../../../domain/workload-identity.js';
import { changedOnly } from '../../workload/changed-only.js';
import { encodeJwtBundles } from '../../workload/jwt-messages.js';
import type { Caller } from '../../workload/serve-caller.js';
import { encodeX509Bundles } from '../../workload/x509-messages.js';
import { requireDelegate } from './delegate.js';
import type { DelegatedIdentityPorts } from './ports.js';

export function subscribeToX509Bundles(
  ports: DelegatedIdentityPorts,
  caller: Caller,
): AsyncIterable<SubscribeToX509BundlesResponse> {
  const { responseSerialize } = delegatedIdentityApi.definition.SubscribeToX509Bundles;
  return subscribe(
    ports,
    caller,
    changedOnly(responseSerialize, (bundles: TrustedBundles): SubscribeToX509BundlesResponse => {
      const { bundles: certificates = {} } = encodeX509Bundles(bundles);
      return { ca_certificates: certificates };
    }),
  );
}

export function subscribeToJwtBundles(
  ports: DelegatedIdentityPorts,
  caller: Caller,
): AsyncIterable<SubscribeToJWTBundlesResponse> {
  const { responseSerialize } = delegatedIdentityApi.definition.SubscribeToJWTBundles;
  return subscribe(ports, caller, changedOnly(responseSerialize, encodeJwtBundles));
}

async function* subscribe<Response>(
  ports: DelegatedIdentityPorts,
  caller: Caller,
  encode: (bundles: TrustedBundles) => Response | undefined,
): AsyncGenerator<Response, void, undefined> {
  const delegate = await requireDelegate(caller, ports);
  for await (const bundles of ports.bundles.watch(caller.signal)) {
    delegate.check();
    const message = encode(bundles);
    if (message !== undefined) yield message;
  }
}
