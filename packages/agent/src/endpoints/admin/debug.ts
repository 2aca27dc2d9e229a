// The agent at a glance. An answer stands for five seconds.
import { status } from '@grpc/grpc-js';
import { X509Bundle, X509BundleSet } from '@credence/sdk/bundle';
import { SpiffeId, TrustDomain } from '@credence/sdk/spiffeid';
import { verifyX509Svid } from '@credence/sdk/svid';
import type { Clock } from '@credence/sdk/runtime';
import { agentDebugApi, StatusError } from '@credence/sdk/wire';
import type { DebugHandlers } from '@credence/sdk/wire/gen/spire/agent/debug/v1/Debug.js';
import type {
  _spire_agent_debug_v1_GetInfoResponse_Cert as Cert,
  GetInfoResponse,
} from '@credence/sdk/wire/gen/spire/agent/debug/v1/GetInfoResponse.js';
import type { SPIFFEID } from '@credence/sdk/wire/gen/spire/api/types/SPIFFEID.js';
import { renderDistinguishedName, type Certificate } from '@credence/sdk/x509';
import type { AgentSvid } from '../../domain/agent-svid.js';
import type { TrustBundle } from '../../domain/workload-identity.js';
import { unaryAnswer } from '../workload/unary-answer.js';
import type { AdminService } from './admin-endpoint.js';
import { encodeId, encodeSeconds } from './messages.js';

/** The agent as it is at the moment of asking. */
export interface DebugPorts {
  readonly clock: Clock;
  readonly agentSvid: () => AgentSvid;
  readonly bundle: () => TrustBundle;
  /** Undefined: never. */
  readonly lastSync: () => Date | undefined;
  /** How many SVIDs of workloads are held. */
  readonly x509SvidCount: () => number;
  readonly jwtSvidCount: () => number;
}

const freshMs = 5000;

export function debugService(ports: DebugPorts): AdminService {
  const started = ports.clock.now().getTime();
  let answered: { readonly at: number; readonly info: GetInfoResponse } | undefined;
  const getInfo = (): GetInfoResponse => {
    const now = ports.clock.now().getTime();
    if (answered === undefined || Math.abs(now - answered.at) >= freshMs) {
      answered = { at: now, info: gather(ports, Math.max(0, Math.floor((now - started) / 1000))) };
    }
    return answered.info;
  };
  return {
    definition: agentDebugApi.definition,
    createHandlers: (options) =>
      ({ GetInfo: unaryAnswer(options, () => Promise.resolve(getInfo())) }) satisfies DebugHandlers,
  };
}

function gather(ports: DebugPorts, uptime: number): GetInfoResponse {
  const x509Svids = ports.x509SvidCount();
  const lastSync = ports.lastSync();
  return {
    svid_chain: svidChain(ports.agentSvid(), ports.bundle(), ports.clock.now()).map(encodeCertificate),
    uptime,
    svids_count: x509Svids,
    last_sync_success: lastSync === undefined ? '0' : encodeSeconds(lastSync),
    cached_x509_svids_count: x509Svids,
    cached_jwt_svids_count: ports.jwtSvidCount(),
    cached_svidstore_x509_svids_count: 0,
  };
}

/** From the leaf to the root. @throws INTERNAL when it does not verify. */
function svidChain(
  { chain }: AgentSvid,
  { trustDomain, x509Authorities }: TrustBundle,
  now: Date,
): readonly Certificate[] {
  const der = Buffer.concat(x509Authorities.map(({ certificate }) => certificate));
  const bundle = X509Bundle.parseUsable(trustDomain, der, () => undefined);
  try {
    return verifyX509Svid(chain, X509BundleSet.of(bundle), { now }).chain;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new StatusError(status.INTERNAL, `failed to verify agent SVID: ${problem}`, { cause: error });
  }
}

function encodeCertificate({ uriSans, notAfter, subject }: Certificate): Cert {
  return { id: idOf(uriSans), expires_at: encodeSeconds(notAfter), subject: renderDistinguishedName(subject) };
}

/** The ID of a leaf has a path, that of an authority is its trust domain; a corporate root has none. */
function idOf([uri, ...others]: readonly string[]): SPIFFEID | null {
  if (uri === undefined || others.length > 0) return null;
  try {
    const path = uri.replace(/^spiffe:\/\/[^/]*/, '');
    return path === '' ? { trust_domain: TrustDomain.parse(uri).name, path } : encodeId(SpiffeId.parse(uri));
  } catch {
    return null;
  }
}
