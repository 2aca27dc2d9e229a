// What the identity room asks of the server and of the disk.
import type { TrustDomain } from '@credence/sdk';
import type { AgentSvid } from '../domain/agent-svid.js';
import type { AuthorizedEntry } from '../domain/authorized-entry.js';
import type { RememberedIdentities } from '../domain/remembered-identities.js';
import type { TrustBundle } from '../domain/workload-identity.js';

/**
 * The server, as the agent that holds the current agent SVID. Every call throws ERR_SERVER_UNREACHABLE,
 * ERR_SERVER_RESPONSE or ERR_SERVER_REFUSED, and `signal.reason` when the signal aborts.
 */
export interface ServerPort {
  /** All entries that the agent is authorized for; `known` saves the transfer of what did not change. */
  syncEntries(known: ReadonlyMap<string, AuthorizedEntry>, signal: AbortSignal): Promise<readonly AuthorizedEntry[]>;
  /** Those of the entries that the agent is still authorized for. Only for IDs of a ring. */
  getEntries(entryIds: readonly string[], signal: AbortSignal): Promise<readonly AuthorizedEntry[]>;
  fetchBundle(signal: AbortSignal): Promise<TrustBundle>;
  /** By trust domain name, without those that the server does not have. */
  fetchFederatedBundles(
    trustDomains: readonly TrustDomain[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, TrustBundle>>;
  /** How many requests the next call of `newX509Svids` should hold. */
  readonly batchSize: number;
  /** One result a request, in order. */
  newX509Svids(requests: readonly X509SvidRequest[], signal: AbortSignal): Promise<readonly X509SvidResult[]>;
  /** A token for the entry, as it came. */
  newJwtSvid(entryId: string, audience: readonly string[], signal: AbortSignal): Promise<string>;
  /** A ring for each change that concerns the agent. Ends with the connection. */
  watchChanges(signal: AbortSignal): AsyncIterable<Ring>;
}

/** What the server says has changed. Neither: the watch has begun, and what changed before it is not told. */
export interface Ring {
  readonly entries: boolean;
  readonly bundles: boolean;
  /** With `entries`: all that have changed. Empty when it is not told which. */
  readonly entryIds: readonly string[];
}

export interface X509SvidRequest {
  readonly entryId: string;
  /** PKCS#10 DER. */
  readonly csr: Buffer;
}

/** The chain is DER, leaf first; the reason is the server's text. */
export type X509SvidResult =
  | { readonly kind: 'issued'; readonly chain: readonly Buffer[] }
  | { readonly kind: 'refused'; readonly reason: string };

/** How a new agent SVID is got. @throws as ServerPort */
export interface AgentSvidSource {
  /** Hands the successor of `current` to `adopt`; no other call to the server runs meanwhile. */
  rotate(current: AgentSvid, adopt: (svid: AgentSvid) => Promise<void>, signal: AbortSignal): Promise<void>;
  /** Whether the server answers somebody without an identity. */
  isReachable(signal: AbortSignal): Promise<boolean>;
}

/** What survives a restart. */
export interface AgentStore {
  storeSvid(svid: AgentSvid): Promise<void>;
  removeSvid(): Promise<void>;
  storeBundle(bundle: TrustBundle): Promise<void>;
}

/** Where what is served is kept for the next start. */
export interface IdentityStore {
  store(agent: AgentSvid, remembered: RememberedIdentities): Promise<void>;
  remove(): Promise<void>;
}
