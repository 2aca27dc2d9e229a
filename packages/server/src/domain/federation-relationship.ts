// A federation relationship: from where the bundle of a foreign trust domain comes, and how its endpoint proves who it is
// (SPIFFE Federation §5). Made by `parseFederationRelationship` only, so that no endpoint is ever asked that may not be.
import { isSpiffeError, sdkError } from '@credence/sdk/runtime';
import { SpiffeId, type TrustDomain } from '@credence/sdk/spiffeid';
import { parseEndpointUrl } from '@credence/sdk/federation';
import { serverError } from './errors.js';

export interface FederationRelationship {
  readonly trustDomain: TrustDomain;
  /** As it was given. */
  readonly endpointUrl: string;
  readonly profile: EndpointProfile;
}

export type EndpointProfile =
  | { readonly kind: 'https_web' }
  /** The endpoint has the X.509-SVID of this ID. */
  | { readonly kind: 'https_spiffe'; readonly endpointId: SpiffeId };

/** What an endpoint may be reached by, before it is checked. */
export interface GivenEndpoint {
  readonly url: string;
  readonly profile:
    { readonly kind: 'https_web' } | { readonly kind: 'https_spiffe'; readonly endpointId: string } | undefined;
}

/** @throws `ERR_INVALID_ARGUMENT` naming the field and the rule */
export function parseFederationRelationship(trustDomain: TrustDomain, given: GivenEndpoint): FederationRelationship {
  return { trustDomain, endpointUrl: parseUrl(given.url), profile: parseProfile(given.profile) };
}

/** SPIFFE Federation §5.2.1.1, §5.2.2.1. @throws `ERR_INVALID_ARGUMENT` */
export function parseUrl(url: string): string {
  return refused('bundle_endpoint_url', () => {
    // The parser would take what follows for the host.
    if (/^https:\/\/([/\\?#]|$)/i.test(url)) throw sdkError('ERR_SPIFFE_BUNDLE_ENDPOINT', 'the URL has no host');
    parseEndpointUrl(url);
    return url;
  });
}

/** SPIFFE Federation §5.2.2.2. @throws `ERR_INVALID_ARGUMENT` */
export function parseProfile(profile: GivenEndpoint['profile']): EndpointProfile {
  if (profile === undefined) {
    throw serverError(
      'ERR_INVALID_ARGUMENT',
      'bundle_endpoint_profile is missing; https_web or https_spiffe is accepted',
    );
  }
  if (profile.kind === 'https_web') return profile;
  return refused('endpoint_spiffe_id', () => ({
    kind: profile.kind,
    endpointId: SpiffeId.parse(profile.endpointId),
  }));
}

function refused<T>(field: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!isSpiffeError(error)) throw error;
    throw serverError('ERR_INVALID_ARGUMENT', `${field}: ${error.message}`, { cause: error });
  }
}
