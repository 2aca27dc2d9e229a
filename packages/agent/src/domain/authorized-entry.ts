// A registration entry as the server lets this agent see it.
import type { SpiffeId, TrustDomain } from '@credence/sdk';
import type { Selector } from './selector.js';

export interface AuthorizedEntry {
  readonly id: string;
  /** A member of the agent's own trust domain. */
  readonly spiffeId: SpiffeId;
  /** At least one: a process that has all of them is entitled to the identity. */
  readonly selectors: readonly Selector[];
  /** Trust domains other than the agent's own. */
  readonly federatesWith: readonly TrustDomain[];
  readonly admin: boolean;
  readonly downstream: boolean;
  /** True: for a secret store, never for the Workload API. */
  readonly storeSvid: boolean;
  readonly hint: string;
  readonly disableX509SvidPrefetch: boolean;
  /** Each JWT-SVID has an ID of its own (`jti`), and is for one use. */
  readonly jwtSvidIncludeJti: boolean;
  readonly revisionNumber: bigint;
  readonly createdAt: Date;
}

/** Whether both are the same state of the same entry: an entry that was deleted and made anew differs in its creation. */
export function isSameRevision(a: EntryRevision, b: EntryRevision): boolean {
  if (a === b) return true; // most are: it is asked for every entry of every round
  return a.id === b.id && a.revisionNumber === b.revisionNumber && a.createdAt.getTime() === b.createdAt.getTime();
}

export type EntryRevision = Pick<AuthorizedEntry, 'id' | 'revisionNumber' | 'createdAt'>;
