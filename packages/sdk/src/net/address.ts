// Where a bundle endpoint may be. URLs come from operators and, by redirects, from the endpoints of others: neither may
// lead to a machine's own link, to a cloud's metadata service or to many machines at once. Private ranges are allowed,
// since bundle endpoints are often inside.
import type { LookupAddress, LookupOptions } from 'node:dns';
import { BlockList, isIPv4, isIPv6, type LookupFunction } from 'node:net';

const refused = {
  ipv4: blockList('ipv4', [
    ['0.0.0.0', 8], // "this host on this network", RFC 1122 §3.2.1.3
    ['169.254.0.0', 16], // link-local, RFC 3927
    ['224.0.0.0', 4], // multicast, RFC 5771
    ['240.0.0.0', 4], // reserved, and broadcast
    // Metadata services outside link-local: Alibaba, Azure, Oracle.
    ['100.100.100.200', 32],
    ['168.63.129.16', 32],
    ['192.0.0.192', 32],
  ]),
  ipv6: blockList('ipv6', [
    ['::', 128],
    ['fe80::', 10], // link-local, RFC 4291 §2.5.6
    ['ff00::', 8], // multicast
    // Metadata services outside link-local: AWS, Google.
    ['fd00:ec2::254', 128],
    ['fd20:ce::254', 128],
  ]),
} as const;

/**
 * Why a bundle is never fetched from this IP address; undefined when it may be. An IPv4 address inside an IPv6 one
 * (mapped, compatible, NAT64, 6to4) is judged as itself.
 */
export function addressProblem(address: string): string | undefined {
  const bare = address.replace(/%.*$/, '');
  if (isIPv4(bare)) return refused.ipv4.check(bare, 'ipv4') ? problem(bare) : undefined;
  if (!isIPv6(bare)) return `${address} is not an IP address`;
  if (refused.ipv6.check(bare, 'ipv6')) return problem(bare);
  const inner = embeddedIpv4(groups(bare));
  return inner !== undefined && refused.ipv4.check(inner, 'ipv4') ? problem(bare) : undefined;
}

/** `lookup`, but a name with an address that is refused has none at all. */
export function guardedLookup(
  lookup: (
    hostname: string,
    options: LookupOptions & { readonly all: true },
    callback: (error: Error | null, addresses: LookupAddress[]) => void,
  ) => void,
  judge: (address: string) => string | undefined,
): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const failure = error ?? refusalOf(hostname, addresses, judge);
      const [first] = failure === undefined ? addresses : [];
      if (first === undefined) callback(failure ?? new Error(`${hostname} has no address`), '');
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function refusalOf(
  hostname: string,
  addresses: readonly LookupAddress[],
  judge: (address: string) => string | undefined,
): Error | undefined {
  const reason = addresses.map(({ address }) => judge(address)).find((found) => found !== undefined);
  return reason === undefined ? undefined : new Error(`${hostname} has an address that is refused: ${reason}`);
}

function problem(address: string): string {
  return `${address} is unspecified, link-local, multicast, reserved or a metadata service`;
}

function blockList(family: 'ipv4' | 'ipv6', subnets: readonly (readonly [net: string, prefix: number])[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of subnets) list.addSubnet(net, prefix, family);
  return list;
}

/** The eight groups of an IPv6 address. */
function groups(address: string): readonly number[] {
  // The URL parser writes every form, a dotted quad at the end too, as compressed groups.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const parse = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const before = parse(head);
  const after = parse(tail ?? '');
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
}

// Mapped ::ffff:0:0/96 and compatible ::/96 (RFC 4291 §2.5.5), NAT64 64:ff9b::/96 (RFC 6052), 6to4 2002::/16 (RFC 3056).
function embeddedIpv4(address: readonly number[]): string | undefined {
  const prefix = address.slice(0, 6).map((group) => group.toString(16));
  // ::1 is in ::/96 and no IPv4 address.
  const isCompatible = prefix.join('') === '000000' && address[6] !== 0;
  const isEmbedding = isCompatible || ['0:0:0:0:0:ffff', '64:ff9b:0:0:0:0'].includes(prefix.join(':'));
  if (isEmbedding) return dotted(address[6], address[7]);
  return prefix[0] === '2002' ? dotted(address[1], address[2]) : undefined;
}

function dotted(high = 0, low = 0): string {
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}
