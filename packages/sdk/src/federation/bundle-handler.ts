// A bundle endpoint's answer (SPIFFE Federation §5.2.1.3, §5.2.2.3): GET gives the newest bundle to everyone. It stands
// behind a server that asks nobody for a certificate.
import type { RequestListener, ServerResponse } from 'node:http';
import type { SpiffeBundleSource } from '../bundle/index.js';
import { guarded, type Logger } from '../runtime/index.js';
import { TrustDomain } from '../spiffeid/index.js';

/**
 * Mozilla's "intermediate" settings, which every bundle endpoint must keep to (SPIFFE Federation §5): for `createServer` of
 * node:https, or as `base` of the servers of @credence/sdk/tls.
 */
export const intermediateTls: { readonly minVersion: 'TLSv1.2'; readonly ciphers: string } = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
  ].join(':'),
};

export interface BundleHandlerOptions {
  /** The only path that is answered, others get 404; absent: each, where a router has chosen already. */
  readonly path?: string | undefined;
  /** Told of every request. Default: silent. */
  readonly logger?: Logger | undefined;
}

/**
 * For `createServer` of node:https with a certificate of the Web PKI (https_web), or `createHttpsServer` of
 * @credence/sdk/tls with an X.509-SVID and `clientAuthentication: 'none'` (https_spiffe). The bundle is read from `source` for each request.
 *
 * @throws SpiffeError `ERR_SPIFFE_ID`
 */
export function bundleHandler(
  trustDomain: TrustDomain | string,
  source: SpiffeBundleSource,
  { path, ...options }: BundleHandlerOptions = {},
): RequestListener {
  const domain = typeof trustDomain === 'string' ? TrustDomain.parse(trustDomain) : trustDomain;
  const logger = guarded(options.logger);
  return ({ method, url = '', socket }, response) => {
    const answer =
      path !== undefined && url.split('?')[0] !== path
        ? notFound
        : method === 'GET' || method === 'HEAD'
          ? newest(domain, source, logger)
          : notAllowed;
    send(response, answer, method === 'HEAD');
    const fields = { trustDomain: domain.name, method, status: answer.status, from: socket.remoteAddress };
    logger.info(fields, 'bundle endpoint answered');
  };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const text = { 'content-type': 'text/plain; charset=utf-8' };
const notFound: Answer = { status: 404, headers: text, body: 'not found\n' };
const notAllowed: Answer = { status: 405, headers: { ...text, allow: 'GET, HEAD' }, body: 'method not allowed\n' };
const noBundle: Answer = { status: 500, headers: text, body: 'no bundle\n' };
// no-store: whatever stands between must not give a bundle out that has been replaced.
const json = { 'content-type': 'application/json', 'cache-control': 'no-store' };

function newest(domain: TrustDomain, source: SpiffeBundleSource, logger: Logger): Answer {
  try {
    return { status: 200, headers: json, body: source.getSpiffeBundleForTrustDomain(domain).toJson() };
  } catch (error) {
    logger.error({ trustDomain: domain.name, err: error }, 'bundle endpoint has no bundle');
    return noBundle;
  }
}

function send(response: ServerResponse, { status, headers, body }: Answer, isHead: boolean): void {
  const bytes = Buffer.from(body, 'utf8');
  response.writeHead(status, { ...headers, 'content-length': bytes.length, 'x-content-type-options': 'nosniff' });
  response.end(isHead ? undefined : bytes);
}
