// A trust bundle from a URL: over HTTPS, by the web's authorities, or over HTTP from a Unix socket of this machine. It is
// the root of all that is trusted afterwards: redirects are not followed.
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { TrustDomain } from '@credence/sdk';
import { joinSignals } from '@credence/sdk/runtime';
import { agentError } from '../domain/errors.js';
import type { TrustBundle } from '../domain/workload-identity.js';
import type { TrustBundleUrl } from '../settings.js';
import { parseTrustBundle } from './trust-bundle-text.js';

const timeoutMs = 30_000;
const largestBytes = 4 * 1024 * 1024;

/** What a service behind a Unix socket is told of the attempt, in the query. */
export interface BootstrapAttempt {
  readonly mode: 'bootstrap' | 'rebootstrap';
  /** How many attempts there were before. */
  readonly attempts: number;
  readonly begun: Date;
  readonly serverAddress: string;
  readonly serverPort: number;
}

/** @throws ERR_SERVER_UNREACHABLE: not to be had just now, or not usable; `signal.reason` */
export async function fetchTrustBundle(
  source: TrustBundleUrl,
  trustDomain: TrustDomain,
  attempt: BootstrapAttempt,
  signal: AbortSignal,
): Promise<TrustBundle> {
  try {
    const text = await get(source, query(source, trustDomain, attempt), signal);
    return parseTrustBundle(trustDomain, text, source.format);
  } catch (cause) {
    signal.throwIfAborted();
    const problem = cause instanceof Error ? cause.message : String(cause);
    const { origin, pathname } = new URL(source.url);
    const message = `the trust bundle of ${origin}${pathname} cannot be used: ${problem}`;
    throw agentError('ERR_SERVER_UNREACHABLE', message, { cause });
  }
}

function query({ url, unixSocket }: TrustBundleUrl, trustDomain: TrustDomain, attempt: BootstrapAttempt): URL {
  const asked = new URL(url);
  if (unixSocket === undefined) return asked;
  for (const [name, value] of [
    ['spire-attest-mode', attempt.mode],
    ['spire-connection-attempts', String(attempt.attempts)],
    ['spire-attest-start-time', attempt.begun.toISOString()],
    ['spire-server-address', attempt.serverAddress],
    ['spire-server-port', String(attempt.serverPort)],
    ['spiffe-trust-domain', trustDomain.name],
  ] as const) {
    asked.searchParams.set(name, value);
  }
  return asked;
}

async function get({ unixSocket }: TrustBundleUrl, url: URL, signal: AbortSignal): Promise<string> {
  using limited = joinSignals(signal, AbortSignal.timeout(timeoutMs));
  const response = await responseTo(url, unixSocket, limited.signal);
  try {
    const { statusCode: status } = response;
    if (status !== 200) throw new Error(`the answer has status ${String(status)}; 200 is accepted`);
    return await textOf(response);
  } finally {
    response.destroy();
  }
}

function responseTo(url: URL, socketPath: string | undefined, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { agent: false, signal, headers: { 'accept-encoding': 'identity' } };
    const call =
      socketPath === undefined
        ? requestHttps(url, { ...options, rejectUnauthorized: true }) // whatever NODE_TLS_REJECT_UNAUTHORIZED says
        : requestHttp(url, { ...options, socketPath });
    call.on('response', resolve).on('error', reject).end();
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > largestBytes) throw new Error(`the answer is larger than ${largestBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
