// A federation relationship for people and programs.
import { printable } from '@credence/sdk/daemon';
import type { FederationRelationship } from '@credence/sdk/wire/gen/spire/api/types/FederationRelationship.js';

export function renderRelationship(relationship: FederationRelationship): string {
  const { trust_domain: trustDomain, bundle_endpoint_url: url, https_web, https_spiffe } = relationship;
  const lines = [
    ['Trust domain', trustDomain ?? ''],
    ['Bundle endpoint URL', url ?? ''],
    ...(https_web ? [['Bundle endpoint profile', 'https_web']] : []),
    ...(https_spiffe
      ? [
          ['Bundle endpoint profile', 'https_spiffe'],
          ['Endpoint SPIFFE ID', https_spiffe.endpoint_spiffe_id ?? ''],
        ]
      : []),
  ];
  return lines.map(([label = '', value = '']) => `${label.padEnd(26)}: ${printable(value)}\n`).join('');
}

/** The message as the wire has it: which profile it is, is not a field of its own there. */
export function wireForm(relationship: FederationRelationship | null): FederationRelationship | null {
  if (relationship === null) return null;
  const { bundle_endpoint_profile: _, ...fields } = relationship;
  return fields;
}
