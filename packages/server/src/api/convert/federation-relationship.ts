// Federation relationships, wire ⇄ domain.
import type { TrustDomain } from '@credence/sdk';
import type {
  FederationRelationship as WireRelationship,
  FederationRelationship__Output,
} from '@credence/sdk/wire/gen/spire/api/types/FederationRelationship.js';
import type { FederationRelationshipMask__Output } from '@credence/sdk/wire/gen/spire/api/types/FederationRelationshipMask.js';
import type { RelationshipPatch } from '../../datastore/relationship-store.js';
import { serverError } from '../../domain/errors.js';
import {
  parseFederationRelationship,
  parseProfile,
  parseUrl,
  type FederationRelationship,
  type GivenEndpoint,
} from '../../domain/federation-relationship.js';
import type { TrustBundle } from '../../domain/trust-bundle.js';
import { describe } from '../interceptors/errors.js';
import { encodeBundle } from './bundle.js';
import { decodeFederatedBundle } from './federated-bundle.js';
import { applyMask, isMasked } from './mask.js';
import { decodeTrustDomain } from './spiffe-id.js';

/** `bundle` is the one that is stored now. */
export function encodeFederationRelationship(
  { trustDomain, endpointUrl, profile }: FederationRelationship,
  bundle: TrustBundle | undefined,
  mask: FederationRelationshipMask__Output | null,
): WireRelationship {
  const always = { trust_domain: trustDomain.name };
  const endpoint = applyMask({ ...always, bundle_endpoint_url: endpointUrl }, mask, ['trust_domain']);
  return {
    ...endpoint,
    ...(isMasked(mask, 'bundle_endpoint_profile') && encodeProfile(profile)),
    ...(isMasked(mask, 'trust_domain_bundle') &&
      bundle !== undefined && { trust_domain_bundle: encodeBundle(bundle, null) }),
  };
}

function encodeProfile(profile: FederationRelationship['profile']): WireRelationship {
  return profile.kind === 'https_web'
    ? { bundle_endpoint_profile: 'https_web', https_web: {} }
    : {
        bundle_endpoint_profile: 'https_spiffe',
        https_spiffe: { endpoint_spiffe_id: profile.endpointId.toString() },
      };
}

/** A relationship that was sent, and the bundle that came along. */
export interface SentRelationship {
  readonly relationship: FederationRelationship;
  readonly bundle: TrustBundle | undefined;
}

/** @throws StatusError INVALID_ARGUMENT `failed to convert federation relationship: …` */
export function decodeFederationRelationship(wire: FederationRelationship__Output, own: TrustDomain): SentRelationship {
  return converted(() => {
    const trustDomain = decodeTrustDomain(wire.trust_domain);
    const given = { url: wire.bundle_endpoint_url, profile: givenProfile(wire) };
    const relationship = parseFederationRelationship(trustDomain, given);
    checkForeign(trustDomain, own, 'create');
    return { relationship, bundle: decodeBundle(wire, trustDomain) };
  });
}

/** A change that was sent; fields that the mask does not name are not looked at. */
export interface SentPatch {
  readonly trustDomain: TrustDomain;
  readonly patch: RelationshipPatch;
  readonly bundle: TrustBundle | undefined;
}

/** @throws as decodeFederationRelationship */
export function decodeRelationshipPatch(
  wire: FederationRelationship__Output,
  mask: FederationRelationshipMask__Output | null,
  own: TrustDomain,
): SentPatch {
  return converted(() => {
    const trustDomain = decodeTrustDomain(wire.trust_domain);
    checkForeign(trustDomain, own, 'update');
    return {
      trustDomain,
      patch: {
        ...(isMasked(mask, 'bundle_endpoint_url') && { endpointUrl: parseUrl(wire.bundle_endpoint_url) }),
        ...(isMasked(mask, 'bundle_endpoint_profile') && { profile: parseProfile(givenProfile(wire)) }),
      },
      bundle: isMasked(mask, 'trust_domain_bundle') ? decodeBundle(wire, trustDomain) : undefined,
    };
  });
}

function givenProfile(wire: FederationRelationship__Output): GivenEndpoint['profile'] {
  if (wire.https_spiffe) return { kind: 'https_spiffe', endpointId: wire.https_spiffe.endpoint_spiffe_id };
  return wire.https_web ? { kind: 'https_web' } : undefined;
}

function decodeBundle(wire: FederationRelationship__Output, trustDomain: TrustDomain): TrustBundle | undefined {
  const { trust_domain_bundle: bundle } = wire;
  if (bundle === null) return undefined;
  // SPIFFE Trust Domain and Bundle §3: it would vouch for another trust domain than that it is stored for.
  if (decodeTrustDomain(bundle.trust_domain).equals(trustDomain)) return decodeFederatedBundle(bundle, trustDomain);
  throw serverError(
    'ERR_INVALID_ARGUMENT',
    `trust_domain_bundle is of another trust domain; one of ${trustDomain.name} is accepted`,
  );
}

function checkForeign(trustDomain: TrustDomain, own: TrustDomain, verb: string): void {
  if (!trustDomain.equals(own)) return;
  throw serverError('ERR_INVALID_ARGUMENT', `unable to ${verb} federation relationship for server trust domain`);
}

function converted<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw describe('failed to convert federation relationship', error);
  }
}
