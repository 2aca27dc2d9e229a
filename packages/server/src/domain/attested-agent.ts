// An agent that has attested: the node's row in the datastore.
import type { SpiffeId } from '@credence/sdk';
import type { Selector, SetMatch } from './selector.js';

export interface AttestedAgent {
  /** `spiffe://td/spire/agent/<attestor>/…` */
  readonly id: SpiffeId;
  readonly attestationType: string;
  /** Decimal serial number of the agent's current SVID; empty when banned. */
  readonly serialNumber: string;
  readonly expiresAt: Date;
  /** A renewed SVID that has not been used yet: its first use makes it the current one. */
  readonly renewed: { readonly serialNumber: string; readonly expiresAt: Date } | undefined;
  /** True: the agent renews by attesting again. */
  readonly canReattest: boolean;
  readonly agentVersion: string;
  readonly selectors: readonly Selector[];
}

export function isBanned(agent: AttestedAgent): boolean {
  return agent.serialNumber === '';
}

/** What an attestation writes. */
export interface Attestation {
  readonly id: SpiffeId;
  /** Kept from the first attestation when the agent is known. */
  readonly attestationType: string;
  readonly serialNumber: string;
  readonly expiresAt: Date;
  readonly canReattest: boolean;
  readonly selectors: readonly Selector[];
}

export interface AgentFilter {
  readonly attestationType?: string;
  readonly selectors?: { readonly match: SetMatch; readonly selectors: readonly Selector[] };
  readonly banned?: boolean;
  readonly canReattest?: boolean;
  readonly expiresBefore?: Date;
}
