// The flags that describe a federation relationship, and the relationships that they or a file make.
import { usageError, type Flags, type FlagValues, type Terminal } from '@credence/sdk/daemon';
import type { Bundle } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import type { FederationRelationship } from '@credence/sdk/wire/gen/spire/api/types/FederationRelationship.js';
import { bundleFormats, readBundle } from '../bundle/bundle-file.js';
import { readJson, requiredTrustDomain } from '../values.js';
import { profileOf, profiles } from './profile.js';
import { parseRelationshipFile } from './relationship-file.js';

export const relationshipFlags = {
  trustDomain: { kind: 'text', metavar: 'name', help: 'the trust domain to federate with' },
  bundleEndpointUrl: {
    kind: 'text',
    spire: 'bundleEndpointURL',
    metavar: 'URL',
    help: 'https URL of its endpoint',
  },
  bundleEndpointProfile: { kind: 'choice', choices: profiles, help: 'how the endpoint is authenticated' },
  endpointSpiffeId: {
    kind: 'text',
    spire: 'endpointSpiffeID',
    metavar: 'SPIFFE ID',
    help: 'the endpoint, for https_spiffe',
  },
  trustDomainBundlePath: { kind: 'text', metavar: 'path', help: 'file with the bundle to begin with' },
  trustDomainBundleFormat: { kind: 'choice', choices: bundleFormats, default: 'pem', help: 'form of that file' },
  data: { kind: 'text', metavar: 'path', help: 'JSON file with relationships, or - for standard input' },
} as const satisfies Flags;

type Values = FlagValues<typeof relationshipFlags>;

/** @throws ERR_USAGE */
export async function relationshipsOf(values: Values, terminal: Terminal): Promise<readonly FederationRelationship[]> {
  if (values.data === undefined) return [await relationshipOfFlags(values, terminal)];
  const others = [values.trustDomain, values.bundleEndpointUrl, values.bundleEndpointProfile, values.endpointSpiffeId];
  if ([...others, values.trustDomainBundlePath].some((value) => value !== undefined)) {
    throw usageError('--data excludes the flags that describe one relationship');
  }
  return parseRelationshipFile(await readJson('--data', values.data, () => terminal.readInput()));
}

async function relationshipOfFlags(values: Values, terminal: Terminal): Promise<FederationRelationship> {
  const trustDomain = requiredTrustDomain('--trust-domain', values.trustDomain);
  if (values.bundleEndpointUrl === undefined) throw usageError('--bundle-endpoint-url is required');
  const { bundleEndpointProfile: profile, endpointSpiffeId: endpointId, bundleEndpointUrl: url } = values;
  return {
    trust_domain: trustDomain,
    bundle_endpoint_url: url,
    ...profileOf({ profile, endpointId }, '--bundle-endpoint-profile', '--endpoint-spiffe-id'),
    ...(await bundleOfFlags(trustDomain, values, terminal)),
  };
}

async function bundleOfFlags(
  trustDomain: string,
  { trustDomainBundlePath: path, trustDomainBundleFormat: format }: Values,
  terminal: Terminal,
): Promise<{ trust_domain_bundle?: Bundle }> {
  if (path === undefined || path === '') return {};
  return {
    trust_domain_bundle: await readBundle('--trust-domain-bundle-path', { trustDomain, format, path }, terminal),
  };
}
