// The RPCs of the Workload API (SPIFFE Workload API §§5, 6), each a pair of a call and a parser: a further kind of SVID
// adds a pair and no machinery.
import type { JwtBundleSet, X509BundleSet } from '../bundle/index.js';
import type { JwtSvid } from '../svid/index.js';
import type { JWTBundlesResponse__Output } from '../wire/gen/JWTBundlesResponse.js';
import type { JWTSVIDResponse__Output } from '../wire/gen/JWTSVIDResponse.js';
import type { ValidateJWTSVIDResponse__Output } from '../wire/gen/ValidateJWTSVIDResponse.js';
import type { X509BundlesResponse__Output } from '../wire/gen/X509BundlesResponse.js';
import type { X509SVIDResponse__Output } from '../wire/gen/X509SVIDResponse.js';
import type { Invoke, OpenStream } from './channel.js';
import { parseJwtBundles, parseJwtSvids, parseValidated, type JwtSvidRequest, type JwtSvids } from './jwt-responses.js';
import type { Reading } from './response-fields.js';
import { parseX509Bundles, parseX509Context, type X509Context } from './x509-context.js';

/** An RPC that streams states, each complete. */
export interface StreamProfile<Response, Value> {
  readonly open: OpenStream<Response>;
  readonly parse: (response: Response, reading: Reading) => Value;
}

/** An RPC with one answer. */
export interface UnaryProfile<Response, Value> {
  readonly invoke: Invoke<Response>;
  readonly parse: (response: Response, reading: Reading) => Value;
}

export const x509Context: StreamProfile<X509SVIDResponse__Output, X509Context> = {
  open: (client, metadata) => client.FetchX509SVID({}, metadata),
  parse: parseX509Context,
};

export const x509Bundles: StreamProfile<X509BundlesResponse__Output, X509BundleSet> = {
  open: (client, metadata) => client.FetchX509Bundles({}, metadata),
  parse: parseX509Bundles,
};

export const jwtBundles: StreamProfile<JWTBundlesResponse__Output, JwtBundleSet> = {
  open: (client, metadata) => client.FetchJWTBundles({}, metadata),
  parse: parseJwtBundles,
};

export function jwtSvids(request: JwtSvidRequest): UnaryProfile<JWTSVIDResponse__Output, JwtSvids> {
  const message = { audience: [...request.audience], spiffe_id: request.subject?.toString() ?? '' };
  return {
    invoke: (client, metadata, done) => client.FetchJWTSVID(message, metadata, done),
    parse: (response, reading) => parseJwtSvids(response, request, reading),
  };
}

export function validation(token: string, audience: string): UnaryProfile<ValidateJWTSVIDResponse__Output, JwtSvid> {
  return {
    invoke: (client, metadata, done) => client.ValidateJWTSVID({ audience, svid: token }, metadata, done),
    parse: (response) => parseValidated(response, token),
  };
}
