// What the Changes service stands on.
import type { AgentWatches, AuthorizedEntries } from '../../registration/ports.js';

export interface ChangesServicePorts {
  readonly watches: AgentWatches;
  readonly authorized: Pick<AuthorizedEntries, 'find'>;
}
