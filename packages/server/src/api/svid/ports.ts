// What the SVID service stands on.
import type { TrustDomain } from '@credence/sdk';
import type { CsrChecker, X509SvidIssuer } from '../../ca/ports.js';
import type { AuthorizedEntries } from '../../registration/ports.js';
import type { RateLimits } from '../interceptors/rate-limit.js';

export interface SvidServicePorts {
  readonly trustDomain: TrustDomain;
  readonly authorized: AuthorizedEntries;
  readonly csrs: CsrChecker;
  readonly issuer: X509SvidIssuer;
  readonly rateLimits: RateLimits;
}
