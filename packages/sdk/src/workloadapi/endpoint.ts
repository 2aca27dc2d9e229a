// Where the Workload API is (SPIFFE Workload Endpoint §4): a URI with the scheme unix or tcp, given explicitly or by
// SPIFFE_ENDPOINT_SOCKET. There is no default path, and nothing else that gRPC would accept as a target gets through.
import { isIPv4, isIPv6 } from 'node:net';
import { inspect } from 'node:util';
import { environmentVariable, sdkError } from '../runtime/index.js';

/** A checked address of the Workload API. */
export type Endpoint =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** The variable that names the address (SPIFFE Workload Endpoint §4). */
export const endpointVariable = 'SPIFFE_ENDPOINT_SOCKET';

// sockaddr_un.sun_path has 108 bytes, the last one NUL.
const longestSocketPath = 107;

const accepted = 'accepted are unix:///absolute/path and tcp://<IP address>:<port>';

/**
 * Parses an address. Schemes compare without regard to case (RFC 3986 §3.1); a percent-encoded path is decoded once.
 *
 * @throws SpiffeError `ERR_SPIFFE_ENDPOINT`
 */
export function parseEndpoint(address: string): Endpoint {
  const match = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(address);
  const rest = match?.[2] ?? '';
  switch (match?.[1]?.toLowerCase()) {
    case 'unix':
      return { kind: 'unix', path: socketPath(address, rest) };
    case 'tcp':
      return { kind: 'tcp', ...hostAndPort(address, rest) };
    default:
      throw malformed(address, address.startsWith('/') ? 'has no scheme' : 'has neither the scheme unix nor tcp');
  }
}

/**
 * The explicit address, or else that of the environment (SPIFFE Workload Endpoint §4).
 *
 * @throws SpiffeError `ERR_SPIFFE_ENDPOINT`: malformed, or neither is set.
 */
export function resolveEndpoint(address?: string): Endpoint {
  const configured = address ?? environmentVariable(endpointVariable);
  if (configured === undefined) {
    throw sdkError(
      'ERR_SPIFFE_ENDPOINT',
      `the Workload API address is not configured: give "address" or set ${endpointVariable}; ${accepted}`,
    );
  }
  return parseEndpoint(configured);
}

/** The same place in the words of gRPC. */
export function grpcTarget(endpoint: Endpoint): string {
  if (endpoint.kind === 'unix') return `unix://${endpoint.path}`;
  return isIPv4(endpoint.host) ? `ipv4:${endpoint.host}:${endpoint.port}` : `ipv6:[${endpoint.host}]:${endpoint.port}`;
}

// SPIFFE Workload Endpoint §4: the authority must not be set, the path is absolute, no other component.
function socketPath(address: string, rest: string): string {
  const encoded = rest.startsWith('//') ? rest.slice(2) : rest;
  if (!encoded.startsWith('/')) {
    throw malformed(address, rest.startsWith('//') ? 'has an authority or no path' : 'has no absolute path');
  }
  if (/[?#]/.test(encoded)) throw malformed(address, 'has a query or a fragment');
  // RFC 3986 §3.3: what a path may hold unencoded.
  if (!/^[\w\-.~!$&'()*+,;=:@/%]+$/.test(encoded)) throw malformed(address, 'has characters to be percent-encoded');
  const path = percentDecoded(address, encoded);
  if (path.endsWith('/')) throw malformed(address, 'names no socket');
  const length = Buffer.byteLength(path);
  if (length > longestSocketPath) {
    throw malformed(address, `has a path of ${length} bytes, and a socket path has at most ${longestSocketPath}`);
  }
  return path;
}

function percentDecoded(address: string, encoded: string): string {
  let path: string;
  try {
    path = decodeURIComponent(encoded);
  } catch {
    throw malformed(address, 'has a malformed percent-encoding');
  }
  if (/\p{Cc}/u.test(path)) throw malformed(address, 'has a control character');
  return path;
}

// SPIFFE Workload Endpoint §4: host and port are mandatory, the host is an IP address, no other component.
function hostAndPort(address: string, rest: string): { host: string; port: number } {
  const match = /^\/\/(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(rest);
  if (match === null) throw malformed(address, 'is not tcp://<IP address>:<port>');
  const [, v6, v4, digits = ''] = match;
  const host = v6 ?? v4 ?? '';
  const isIp = v6 === undefined ? isIPv4(host) : isIPv6(host) && !host.includes('%');
  if (!isIp) throw malformed(address, `has the host ${inspect(host)}, which is not an IP address`);
  if (!/^[1-9]\d{0,4}$/.test(digits) || Number(digits) > 65535) {
    throw malformed(address, `has the port ${inspect(digits)}; ports are 1 to 65535`);
  }
  return { host, port: Number(digits) };
}

function malformed(address: string, problem: string): Error {
  return sdkError('ERR_SPIFFE_ENDPOINT', `Workload API address ${inspect(address)} ${problem}; ${accepted}`);
}
