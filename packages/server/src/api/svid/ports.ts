// What the SVID service stands on.
import type { TrustDomain } from '@credence/sdk';
import type { Clock } from '@credence/sdk/runtime';
import type { CsrChecker, X509SvidIssuer } from '../../ca/ports.js';
import type { AuthorizedEntries } from '../../registration/ports.js';
import type { AgentCheckPorts } from '../agent-check.js';
import type { RateLimits } from '../interceptors/rate-limit.js';

export interface SvidServicePorts {
  readonly trustDomain: TrustDomain;
  readonly authorized: AuthorizedEntries;
  readonly csrs: CsrChecker;
  readonly issuer: X509SvidIssuer;
  readonly rateLimits: RateLimits;
  readonly agents: AgentCheckPorts['agents'];
  readonly clock: Clock;
}
