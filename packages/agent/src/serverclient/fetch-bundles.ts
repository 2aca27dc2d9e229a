// GetBundle and GetFederatedBundle: the authorities by which the agent and its workloads judge others.
import { status } from '@grpc/grpc-js';
import type { TrustDomain } from '@credence/sdk';
import { isSpiffeError } from '@credence/sdk/runtime';
import { isServiceError } from '@credence/sdk/wire';
import type { BundleClient } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/Bundle.js';
import { agentError } from '../domain/errors.js';
import type { TrustBundle } from '../domain/workload-identity.js';
import type { BundleReader } from './bundle-reader.js';
import { unary } from './calls.js';

const parallelFetches = 10;

/** The bundle of the agent's own trust domain. @throws ERR_SERVER_RESPONSE, ServiceError */
export async function fetchOwnBundle(
  client: BundleClient,
  reader: BundleReader,
  trustDomain: TrustDomain,
  signal: AbortSignal,
): Promise<TrustBundle> {
  const bundle = reader.read(await unary(client.getBundle.bind(client), {}, signal), trustDomain);
  // Whoever trusts nobody can never be told of an authority again.
  if (bundle.x509Authorities.length > 0) return bundle;
  throw agentError('ERR_SERVER_RESPONSE', `the bundle of ${trustDomain.name} holds no X.509 authority`);
}

/** The bundles of other trust domains, by name; without those that the server does not have, or not in a usable form. @throws as fetchOwnBundle */
export async function fetchFederatedBundles(
  client: BundleClient,
  reader: BundleReader,
  trustDomains: readonly TrustDomain[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, TrustBundle>> {
  const found = new Map<string, TrustBundle>();
  const waiting = [...trustDomains];
  const fetchNext = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const bundle = await fetchFederatedBundle(client, reader, next, signal);
      if (bundle !== undefined) found.set(next.name, bundle);
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallelFetches, trustDomains.length) }, fetchNext));
  return found;
}

async function fetchFederatedBundle(
  client: BundleClient,
  reader: BundleReader,
  trustDomain: TrustDomain,
  signal: AbortSignal,
): Promise<TrustBundle | undefined> {
  try {
    const request = { trust_domain: trustDomain.name };
    return reader.read(await unary(client.getFederatedBundle.bind(client), request, signal), trustDomain);
  } catch (error) {
    if (isServiceError(error) && error.code === status.NOT_FOUND) return undefined;
    // What a foreign trust domain publishes must not keep the agent from its own.
    if (isSpiffeError(error, 'ERR_SERVER_RESPONSE')) return undefined;
    throw error;
  }
}
