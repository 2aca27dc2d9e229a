import type { JoinToken } from '../domain/join-token.js';
import type { NewEntry } from '../domain/registration-entry.js';

export interface JoinTokenStore {
  /** Stores the token, and the alias entry of its agent in the same transaction. @throws `ERR_TOKEN_EXISTS` */
  create(token: JoinToken, alias?: NewEntry): Promise<void>;
  /** Deletes the token and answers it: of any number of concurrent calls, one gets it. */
  take(value: string): Promise<JoinToken | undefined>;
}
