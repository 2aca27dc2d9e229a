// The key `federation` of credence-server's configuration: the bundle endpoint, and the relationships that no API changes.
import { TrustDomain } from '@credence/sdk/spiffeid';
import { errorText, unknownKeys } from '@credence/sdk/daemon';
import { durationMs, host, path, port } from '@credence/sdk/daemon/config-values';
import { sdkError } from '@credence/sdk/runtime';
import { z } from 'zod';
import { parseFederationRelationship, type FederationRelationship } from '../domain/federation-relationship.js';
import type { BundleEndpointSettings, FederationSettings } from '../settings.js';

const refreshHint = durationMs
  .refine((ms) => ms % 1000 === 0 && ms <= 31 * 86_400_000, 'not whole seconds up to 744h; 5m is accepted')
  .transform((ms) => ms / 1000);
const oneProfile = 'not one profile; https_web or https_spiffe is accepted';

// A key of YAML with nothing below it is null.
const nothing = z.strictObject({}, unknownKeys({})).nullish();
const filesShape = { cert_file_path: path, key_file_path: path, file_sync_interval: durationMs.optional() };
const webShape = { serving_cert_file: z.strictObject(filesShape, unknownKeys(filesShape)) };
const servedProfileShape = {
  https_spiffe: nothing,
  https_web: z.strictObject(webShape, unknownKeys(webShape)).optional(),
};
const endpointShape = {
  address: host('::').optional(),
  port: port(0).optional(),
  refresh_hint: refreshHint.optional(),
  profile: z
    .strictObject(servedProfileShape, unknownKeys(servedProfileShape))
    .refine((given) => Object.keys(given).length === 1, oneProfile)
    .optional(),
};

const idShape = { endpoint_spiffe_id: z.string() };
const askedProfileShape = {
  https_web: nothing,
  https_spiffe: z.strictObject(idShape, unknownKeys(idShape)).optional(),
};
const relationshipShape = {
  bundle_endpoint_url: z.string(),
  bundle_endpoint_profile: z
    .strictObject(askedProfileShape, unknownKeys(askedProfileShape))
    .refine((given) => Object.keys(given).length === 1, oneProfile),
};
const federationShape = {
  bundle_endpoint: z.strictObject(endpointShape, unknownKeys(endpointShape)).nullish(),
  federates_with: z
    .record(z.string(), z.strictObject(relationshipShape, unknownKeys(relationshipShape)))
    .transform(relationshipsOf)
    .nullish(),
};

type Endpoint = z.output<typeof federationShape.bundle_endpoint>;
type ServedProfile = NonNullable<Endpoint>['profile'];
type Relationship = z.output<z.ZodObject<typeof relationshipShape>>;

/** The key's schema. */
export const federationSchema = z.strictObject(federationShape, unknownKeys(federationShape));

/** What it says; nothing is published where there is no bundle_endpoint. @throws ERR_CONFIG */
export function federationOf(
  keys: z.output<typeof federationSchema> | undefined,
  own: TrustDomain,
): FederationSettings {
  if (keys?.federates_with?.some(({ trustDomain }) => trustDomain.equals(own)) === true) {
    throw sdkError('ERR_CONFIG', `server.federation.federates_with names ${own.name}, the trust domain of the server`);
  }
  const published = keys !== undefined && 'bundle_endpoint' in keys;
  return {
    bundleEndpoint: published ? bundleEndpointOf(keys.bundle_endpoint) : undefined,
    relationships: keys?.federates_with ?? [],
  };
}

function bundleEndpointOf(endpoint: Endpoint): BundleEndpointSettings {
  const { address = '0.0.0.0', port = 8443, refresh_hint: refreshHintSeconds = 300, profile } = endpoint ?? {};
  return { address, port, refreshHintSeconds, profile: servedProfileOf(profile) };
}

function servedProfileOf(profile: ServedProfile): BundleEndpointSettings['profile'] {
  const files = profile?.https_web?.serving_cert_file;
  if (files === undefined) return { kind: 'https_spiffe' };
  const {
    cert_file_path: certificatePath,
    key_file_path: keyPath,
    file_sync_interval: syncIntervalMs = 60_000,
  } = files;
  return { kind: 'https_web', certificatePath, keyPath, syncIntervalMs };
}

function relationshipsOf(
  given: Readonly<Record<string, Relationship>>,
  context: z.core.$RefinementCtx<Record<string, Relationship>>,
): readonly FederationRelationship[] {
  return Object.entries(given).flatMap(([name, relationship]) => {
    try {
      return [relationshipOf(TrustDomain.parse(name), relationship)];
    } catch (error) {
      context.issues.push({ code: 'custom', input: given, path: [name], message: errorText(error) });
      return [];
    }
  });
}

function relationshipOf(trustDomain: TrustDomain, relationship: Relationship): FederationRelationship {
  const { bundle_endpoint_url: url, bundle_endpoint_profile: profile } = relationship;
  const endpointId = profile.https_spiffe?.endpoint_spiffe_id;
  return parseFederationRelationship(trustDomain, {
    url,
    profile: endpointId === undefined ? { kind: 'https_web' } : { kind: 'https_spiffe', endpointId },
  });
}
