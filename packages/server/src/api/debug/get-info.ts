// The server at a glance. With many entries counting them takes its time, so an answer stands for five seconds.
import { SpiffeId, TrustDomain } from '@credence/sdk/spiffeid';
import type {
  _spire_api_server_debug_v1_GetInfoResponse_Cert as Cert,
  GetInfoResponse,
} from '@credence/sdk/wire/gen/spire/api/server/debug/v1/GetInfoResponse.js';
import type { SPIFFEID } from '@credence/sdk/wire/gen/spire/api/types/SPIFFEID.js';
import { renderDistinguishedName, type Certificate } from '@credence/sdk/x509';
import { encodeSeconds } from '../convert/time.js';
import type { UnaryHandler } from '../pipeline.js';
import type { DebugServicePorts } from './ports.js';

const freshMs = 5000;

export function getInfo(ports: DebugServicePorts): UnaryHandler<object, GetInfoResponse> {
  const started = ports.clock.now().getTime();
  let answered: { readonly at: number; readonly info: Promise<GetInfoResponse> } | undefined;
  return async () => {
    const now = ports.clock.now().getTime();
    if (answered === undefined || Math.abs(now - answered.at) >= freshMs) {
      const info = gather(ports, Math.max(0, Math.floor((now - started) / 1000)));
      answered = { at: now, info };
      // Only what was found out is worth keeping.
      info.catch(() => (answered = undefined));
    }
    return answered.info;
  };
}

async function gather(
  { agents, bundles, entries, ...ports }: DebugServicePorts,
  uptime: number,
): Promise<GetInfoResponse> {
  const [agentsCount, entriesCount, all] = await Promise.all([agents.count({}), entries.count({}), bundles.list()]);
  return {
    svid_chain: svidChain(ports).map(encodeCertificate),
    uptime,
    agents_count: agentsCount,
    entries_count: entriesCount,
    // SPIRE counts the own bundle too.
    federated_bundles_count: all.length,
  };
}

/** From the leaf to the root. */
function svidChain({
  serverSvid,
  trustedBundles,
  trustDomain,
}: Pick<DebugServicePorts, 'serverSvid' | 'trustedBundles' | 'trustDomain'>): readonly Certificate[] {
  const { certificates } = serverSvid.getX509Svid();
  const issuer = certificates.at(-1)?.authorityKeyId;
  const { authorities } = trustedBundles.getX509BundleForTrustDomain(trustDomain);
  const root = authorities.find(({ subjectKeyId }) => issuer !== undefined && subjectKeyId?.equals(issuer) === true);
  return root === undefined ? certificates : [...certificates, root];
}

function encodeCertificate({ uriSans, notAfter, subject }: Certificate): Cert {
  return { id: idOf(uriSans), expires_at: encodeSeconds(notAfter), subject: renderDistinguishedName(subject) };
}

/** The ID of a leaf has a path, that of an authority is its trust domain; a corporate root has none. */
function idOf([uri, ...others]: readonly string[]): SPIFFEID | null {
  if (uri === undefined || others.length > 0) return null;
  try {
    const path = uri.replace(/^spiffe:\/\/[^/]*/, '');
    const { name } = path === '' ? TrustDomain.parse(uri) : SpiffeId.parse(uri).trustDomain;
    return { trust_domain: name, path };
  } catch {
    return null;
  }
}
