// How the server is recognised at first: exactly one source, and what is done when its authority is no longer known.
import { usageError } from '@credence/sdk/daemon';
import { durationMs, path } from '@credence/sdk/daemon/config-values';
import { z } from 'zod';
import { defaultAgentSettings, type RebootstrapSettings, type TrustBundleSource } from '../settings.js';

/** Keys of the section `agent`. */
export const trustBundleShape = {
  trust_bundle_path: path,
  trust_bundle_url: z
    .string()
    .refine(isHttp, 'not a URL; https://…, or http://… with trust_bundle_unix_socket, is accepted'),
  trust_bundle_unix_socket: path,
  trust_bundle_spiffe_workload_api: path,
  trust_bundle_format: z.enum(['pem', 'spiffe'], 'not a format; pem or spiffe is accepted'),
  insecure_bootstrap: z.boolean(),
  rebootstrap_mode: z.enum(['never', 'auto', 'always'], 'not a mode; never, auto or always is accepted'),
  rebootstrap_delay: durationMs,
};

type Keys = { readonly [Key in keyof typeof trustBundleShape]?: z.output<(typeof trustBundleShape)[Key]> | undefined };

/** @throws ERR_USAGE for keys that do not go together. */
export function trustBundleOf(keys: Keys): {
  readonly trustBundle: TrustBundleSource | undefined;
  readonly rebootstrap: RebootstrapSettings;
} {
  const { rebootstrap } = defaultAgentSettings;
  const mode = keys.rebootstrap_mode ?? rebootstrap.mode;
  const sources = sourcesOf(keys);
  if (sources.length > 1) throw usageError(`${sources.map(([key]) => key).join(' and ')} exclude each other`);
  if (keys.insecure_bootstrap === true && mode !== 'never') {
    throw usageError('insecure_bootstrap and rebootstrap_mode exclude each other');
  }
  const isPlain = keys.trust_bundle_url !== undefined && new URL(keys.trust_bundle_url).protocol === 'http:';
  if (keys.trust_bundle_unix_socket !== undefined && !isPlain) {
    throw usageError('trust_bundle_unix_socket goes with a trust_bundle_url that begins with http:');
  }
  if (isPlain && keys.trust_bundle_unix_socket === undefined) {
    throw usageError('trust_bundle_url begins with http: without trust_bundle_unix_socket; https: is accepted');
  }
  return {
    trustBundle: sources[0]?.[1],
    rebootstrap: { mode, delayMs: keys.rebootstrap_delay ?? rebootstrap.delayMs },
  };
}

function sourcesOf(keys: Keys): readonly (readonly [string, TrustBundleSource])[] {
  const { trust_bundle_path: file, trust_bundle_url: url, trust_bundle_spiffe_workload_api: socket } = keys;
  const format = keys.trust_bundle_format ?? 'pem';
  const sources: (readonly [string, TrustBundleSource])[] = [];
  if (file !== undefined) sources.push(['trust_bundle_path', { kind: 'file', path: file, format }]);
  if (url !== undefined) {
    sources.push(['trust_bundle_url', { kind: 'url', url, unixSocket: keys.trust_bundle_unix_socket, format }]);
  }
  if (socket !== undefined) {
    sources.push(['trust_bundle_spiffe_workload_api', { kind: 'workload_api', address: `unix:${socket}` }]);
  }
  if (keys.insecure_bootstrap === true) sources.push(['insecure_bootstrap', { kind: 'insecure' }]);
  return sources;
}

function isHttp(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}
