// What the Explain service stands on.
import type { TrustDomain } from '@credence/sdk';
import type { Clock } from '@credence/sdk/runtime';
import type { AgentStore } from '../../datastore/agent-store.js';
import type { EntryExplanations } from '../../registration/ports.js';

export interface ExplainServicePorts {
  readonly trustDomain: TrustDomain;
  readonly clock: Clock;
  readonly agents: Pick<AgentStore, 'get'>;
  readonly explanations: EntryExplanations;
}
