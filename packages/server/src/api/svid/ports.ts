// What the SVID service stands on.
import type { TrustDomain } from '@credence/sdk';
import type { Clock } from '@credence/sdk/runtime';
import type { CsrChecker, DownstreamCaIssuer, JwtSvidIssuer, X509SvidIssuer } from '../../ca/ports.js';
import type { BundleStore } from '../../datastore/bundle-store.js';
import type { AuthorizedEntries, CallerGrants } from '../../registration/ports.js';
import type { AgentCheckPorts } from '../agent-check.js';
import type { RateLimits } from '../interceptors/rate-limit.js';

export interface SvidServicePorts {
  readonly trustDomain: TrustDomain;
  readonly authorized: AuthorizedEntries;
  readonly csrs: CsrChecker;
  readonly issuer: X509SvidIssuer;
  readonly downstreamIssuer: DownstreamCaIssuer;
  readonly bundles: Pick<BundleStore, 'get'>;
  readonly grants: Pick<CallerGrants, 'downstreamEntries'>;
  /** Undefined: JWT-SVIDs are switched off. */
  readonly jwtIssuer: JwtSvidIssuer | undefined;
  readonly rateLimits: RateLimits;
  readonly agents: AgentCheckPorts['agents'];
  readonly clock: Clock;
}
