// What the Changes service stands on.
import type { AgentWatches } from '../../registration/ports.js';

export interface ChangesServicePorts {
  readonly watches: AgentWatches;
}
