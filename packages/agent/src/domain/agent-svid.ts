// The agent's own X.509-SVID: what it shows the server.
import type { KeyObject } from 'node:crypto';
import { parseIssuedSvid, type IssuedSvid } from './issued-svid.js';

/** The ID is chosen by the server: `spiffe://td/spire/agent/<attestor>/…` */
export interface AgentSvid extends IssuedSvid {
  /** True: renewed by attesting again; false: by RenewAgent. */
  readonly reattestable: boolean;
}

/** @throws as parseIssuedSvid */
export function parseAgentSvid(chain: readonly Buffer[], key: KeyObject, reattestable: boolean): AgentSvid {
  return { ...parseIssuedSvid(chain, key), reattestable };
}
