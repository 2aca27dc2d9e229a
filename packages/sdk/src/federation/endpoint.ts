// A bundle endpoint as a client is told of it: trust domain, URL and profile are all given, none is inferred from another
// (SPIFFE Federation §5.1, §7.2).
import { sdkError, type Clock, type Logger, type SpiffeError } from '../runtime/index.js';
import { SpiffeId } from '../spiffeid/index.js';
import { authorizeId, tlsClientOptions, type TrustedBundles } from '../tls/index.js';
import type { ConnectionOptions } from 'node:tls';

/** The endpoint has a certificate of the Web PKI for the host of its URL (SPIFFE Federation §5.2.1). */
export interface HttpsWebProfile {
  readonly profile: 'https_web';
  /** Trusted authorities, PEM, in place of the machine's. */
  readonly ca?: readonly string[] | undefined;
}

/** The endpoint has an X.509-SVID; the name of its host does not matter (SPIFFE Federation §5.2.2). */
export interface HttpsSpiffeProfile {
  readonly profile: 'https_spiffe';
  /** Exactly who the endpoint is. */
  readonly endpointId: SpiffeId | string;
  /** Holds the bundle of the endpoint's trust domain; for a self-serving endpoint the one to begin with. */
  readonly bundles: TrustedBundles;
}

/** How the endpoint is authenticated. There is no default and no fallback from one profile to the other. */
export type BundleEndpointProfile = HttpsWebProfile | HttpsSpiffeProfile;

/**
 * The URL of a bundle endpoint: `https`, without user information (SPIFFE Federation §5.2.1.1, §5.2.2.1).
 *
 * @throws SpiffeError `ERR_SPIFFE_BUNDLE_ENDPOINT`; the URL is not in the message, it may hold a password.
 */
export function parseEndpointUrl(url: string | URL): URL {
  const text = String(url);
  if (!/^https:\/\//i.test(text)) throw misconfigured('the URL does not begin with https://');
  // On the text: the parser forgets an empty user (https://@host) and takes a backslash for the end of the authority.
  if (/^https:\/\/[^/?#]*[@\\\s]/i.test(text))
    throw misconfigured('the URL has user information, which is not accepted');
  if (!URL.canParse(text)) throw misconfigured('the URL does not parse; expected https://host[:port]/path');
  return new URL(text);
}

/** @throws SpiffeError `ERR_SPIFFE_BUNDLE_ENDPOINT` when the profile is unknown or lacks a parameter. */
export function checkProfile(given: BundleEndpointProfile): void {
  switch (given.profile) {
    case 'https_web':
      // An empty list would trust nobody, and a list lost on the way would trust everybody.
      if (given.ca?.length === 0)
        throw misconfigured('ca is empty; leave it out to trust the authorities of the machine');
      return;
    case 'https_spiffe':
      // Plain JavaScript and parsed configuration come this way, too (SPIFFE Federation §5.2.2.2).
      if (!isPresent(given.endpointId))
        throw misconfigured('https_spiffe takes endpointId, the SPIFFE ID of the endpoint');
      if (!isPresent(given.bundles))
        throw misconfigured("https_spiffe takes bundles, which hold the endpoint's trust domain");
      endpointIdOf(given);
      return;
    default:
      throw misconfigured('the profile is missing or unknown; expected https_web or https_spiffe');
  }
}

/** The endpoint's own ID. */
export function endpointIdOf({ endpointId }: HttpsSpiffeProfile): SpiffeId {
  return typeof endpointId === 'string' ? SpiffeId.parse(endpointId) : endpointId;
}

/** What one connection is made with; a new one each time, since bundles change. */
export function connectionOptions(
  profile: BundleEndpointProfile,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): ConnectionOptions {
  if (profile.profile === 'https_spiffe') {
    return tlsClientOptions({ bundles: profile.bundles, authorize: authorizeId(endpointIdOf(profile)), clock, logger });
  }
  const ca = profile.ca === undefined ? {} : { ca: [...profile.ca] };
  return { ...ca, minVersion: 'TLSv1.2', rejectUnauthorized: true };
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function misconfigured(problem: string): SpiffeError {
  return sdkError('ERR_SPIFFE_BUNDLE_ENDPOINT', `bundle endpoint: ${problem}`);
}
