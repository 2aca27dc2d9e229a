// How a bundle endpoint is authenticated, as flags and files say it.
import { usageError } from '@credence/sdk/daemon';
import type { FederationRelationship } from '@credence/sdk/wire/gen/spire/api/types/FederationRelationship.js';
import { parseId } from '../values.js';

export const profiles = { https_web: 'https_web', https_spiffe: 'https_spiffe' } as const;

interface GivenProfile {
  readonly profile: keyof typeof profiles | undefined;
  readonly endpointId: string | undefined;
}

/** @throws ERR_USAGE; the last two name the fields */
export function profileOf(
  { profile, endpointId }: GivenProfile,
  profileField: string,
  idField: string,
): Pick<FederationRelationship, 'https_web' | 'https_spiffe'> {
  if (profile === undefined) throw usageError(`${profileField} is required; https_web or https_spiffe is accepted`);
  const hasId = endpointId !== undefined && endpointId !== '';
  if (profile === 'https_web') {
    if (hasId) throw usageError(`${idField} is for the profile https_spiffe`);
    return { https_web: {} };
  }
  if (!hasId) throw usageError(`${idField} is required for the profile https_spiffe`);
  parseId(idField, endpointId);
  return { https_spiffe: { endpoint_spiffe_id: endpointId } };
}
