// GetBundle and GetFederatedBundle: the authorities by which the agent and its workloads judge others.
import { status } from '@grpc/grpc-js';
import { TrustDomain } from '@credence/sdk';
import { isServiceError } from '@credence/sdk/wire';
import type { BundleClient } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/Bundle.js';
import type { Bundle__Output } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import { agentError } from '../domain/errors.js';
import type { JwtAuthority, TrustBundle } from '../domain/workload-identity.js';
import { unary } from './calls.js';

const parallelFetches = 10;

/** The bundle of the agent's own trust domain. @throws ERR_SERVER_RESPONSE, ServiceError */
export async function fetchOwnBundle(
  client: BundleClient,
  trustDomain: TrustDomain,
  signal: AbortSignal,
): Promise<TrustBundle> {
  const bundle = parseBundle(await unary(client.getBundle.bind(client), {}, signal), trustDomain);
  // Whoever trusts nobody can never be told of an authority again.
  if (bundle.x509Authorities.length > 0) return bundle;
  throw agentError('ERR_SERVER_RESPONSE', `the bundle of ${trustDomain.name} holds no X.509 authority`);
}

/** The bundles of other trust domains, by name; without those that the server does not have. @throws as fetchOwnBundle */
export async function fetchFederatedBundles(
  client: BundleClient,
  trustDomains: readonly TrustDomain[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, TrustBundle>> {
  const found = new Map<string, TrustBundle>();
  const waiting = [...trustDomains];
  const fetchNext = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const bundle = await fetchFederatedBundle(client, next, signal);
      if (bundle !== undefined) found.set(next.name, bundle);
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallelFetches, trustDomains.length) }, fetchNext));
  return found;
}

async function fetchFederatedBundle(
  client: BundleClient,
  trustDomain: TrustDomain,
  signal: AbortSignal,
): Promise<TrustBundle | undefined> {
  try {
    const request = { trust_domain: trustDomain.name };
    return parseBundle(await unary(client.getFederatedBundle.bind(client), request, signal), trustDomain);
  } catch (error) {
    if (isServiceError(error) && error.code === status.NOT_FOUND) return undefined;
    throw error;
  }
}

// SPIFFE Trust Domain and Bundle §3: a bundle belongs to exactly one trust domain, the one that was asked for.
function parseBundle(bundle: Bundle__Output, trustDomain: TrustDomain): TrustBundle {
  if (!TrustDomain.parse(bundle.trust_domain).equals(trustDomain)) {
    throw agentError('ERR_SERVER_RESPONSE', `the bundle of ${trustDomain.name} came as that of another trust domain`);
  }
  return {
    trustDomain,
    x509Authorities: bundle.x509_authorities.map(({ asn1, tainted }) => ({ certificate: asn1, tainted })),
    jwtAuthorities: bundle.jwt_authorities.map(parseJwtAuthority),
    refreshHintSeconds: Number(bundle.refresh_hint),
    sequenceNumber: BigInt(bundle.sequence_number),
  };
}

function parseJwtAuthority(key: Bundle__Output['jwt_authorities'][number]): JwtAuthority {
  return {
    publicKey: key.public_key,
    keyId: key.key_id,
    expiresAt: key.expires_at === '0' ? undefined : new Date(Number(key.expires_at) * 1000),
    tainted: key.tainted,
  };
}
