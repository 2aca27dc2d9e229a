// The file of `federation create --data`: {"federationRelationships": [...]}, in the shape that SPIRE's own files have.
import { unknownKeys, usageError } from '@credence/sdk/daemon';
import type { FederationRelationship } from '@credence/sdk/wire/gen/spire/api/types/FederationRelationship.js';
import { z } from 'zod';
import { parseBundle } from '../bundle/bundle-file.js';
import { requiredTrustDomain } from '../values.js';
import { profileOf } from './profile.js';

const relationshipShape = {
  trustDomain: z.string(),
  bundleEndpointURL: z.string(),
  bundleEndpointProfile: z.enum(['https_web', 'https_spiffe']),
  endpointSPIFFEID: z.string().optional(),
  /** PEM as text, or the document of a bundle endpoint. */
  trustDomainBundle: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
  trustDomainBundleFormat: z.enum(['pem', 'spiffe']).default('pem'),
};
const fileShape = {
  federationRelationships: z.array(z.strictObject(relationshipShape, unknownKeys(relationshipShape))).min(1),
};
const fileSchema = z.strictObject(fileShape, unknownKeys(fileShape));

type FileRelationship = z.output<typeof fileSchema>['federationRelationships'][number];

/** @throws ERR_USAGE that lists what is wrong with it */
export function parseRelationshipFile(json: unknown): readonly FederationRelationship[] {
  const result = fileSchema.safeParse(json);
  if (result.success) {
    return result.data.federationRelationships.map((relationship, index) =>
      parseRelationship(relationship, `--data: federationRelationships.${index}`),
    );
  }
  const problems = result.error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`);
  throw usageError(`--data is not usable:\n${problems.join('\n')}`);
}

function parseRelationship(given: FileRelationship, field: string): FederationRelationship {
  const trustDomain = requiredTrustDomain(`${field}.trustDomain`, given.trustDomain);
  const { trustDomainBundle: bundle, trustDomainBundleFormat: format } = given;
  const text = typeof bundle === 'object' ? JSON.stringify(bundle) : bundle;
  return {
    trust_domain: trustDomain,
    bundle_endpoint_url: given.bundleEndpointURL,
    ...profileOf(
      { profile: given.bundleEndpointProfile, endpointId: given.endpointSPIFFEID },
      `${field}.bundleEndpointProfile`,
      `${field}.endpointSPIFFEID`,
    ),
    ...(text !== undefined && {
      trust_domain_bundle: parseBundle(`${field}.trustDomainBundle`, { trustDomain, format, text }),
    }),
  };
}
