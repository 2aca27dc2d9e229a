// What the Agent service stands on.
import type { TrustDomain } from '@credence/sdk';
import type { Clock, Logger, Random } from '@credence/sdk/runtime';
import type { NodeAttestors } from '../../attestation/node-attestors.js';
import type { CsrChecker, X509SvidIssuer } from '../../ca/ports.js';
import type { AgentStore } from '../../datastore/agent-store.js';
import type { JoinTokenStore } from '../../datastore/join-token-store.js';
import type { RateLimits } from '../interceptors/rate-limit.js';

export interface AgentServicePorts {
  readonly trustDomain: TrustDomain;
  readonly agents: AgentStore;
  readonly joinTokens: Pick<JoinTokenStore, 'create'>;
  readonly attestors: NodeAttestors;
  readonly csrs: CsrChecker;
  readonly issuer: X509SvidIssuer;
  readonly rateLimits: RateLimits;
  /** The lifetime of agent SVIDs. */
  readonly agentTtlSeconds: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}
