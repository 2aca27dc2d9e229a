// What a TLS connection of gRPC calls its server: the host of the channel's target.
import { isIP } from 'node:net';
import { experimental, type ChannelOptions } from '@grpc/grpc-js';

export interface ServerName {
  readonly host: string;
  /** Absent for an IP address, which is no server name (RFC 6066 §3). */
  readonly servername?: string;
}

/** The name by the options of the channel: an override, the target behind a proxy, or the target itself. */
export function serverName(target: experimental.GrpcUri, options: ChannelOptions): ServerName {
  const override = options['grpc.ssl_target_name_override'];
  const behindProxy = options['grpc.http_connect_target'];
  const host = override ?? (behindProxy === undefined ? hostOf(target) : hostOf({ path: pathOf(behindProxy) }));
  return isIP(host) === 0 && host !== '' ? { host, servername: host } : { host };
}

/** Of several addresses, the first; of a Unix socket, what grpc-js calls it. */
function hostOf({ scheme = '', path }: experimental.GrpcUri): string {
  if (scheme.startsWith('unix')) return 'localhost';
  const [first = ''] = path.split(',');
  return experimental.splitHostPort(first)?.host ?? first;
}

/** Of `scheme://authority/path`, of `scheme:path`, and of a path alone. */
function pathOf(uri: string): string {
  return uri.replace(/^[a-z][a-z0-9+.-]*:(?!\d+$)(\/\/[^/]*\/)?/i, '');
}
