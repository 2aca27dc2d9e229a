// What the Entry service stands on.
import type { TrustDomain } from '@credence/sdk';
import type { AuthorizedEntries, Entries } from '../../registration/ports.js';

export interface EntryServicePorts {
  readonly trustDomain: TrustDomain;
  readonly entries: Entries;
  readonly authorized: AuthorizedEntries;
}
