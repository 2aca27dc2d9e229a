// The Changes service, of our own: what SPIRE's agents do without.
import type { ChangesHandlers } from '@credence/sdk/wire/gen/credence/server/v1/Changes.js';
import type { Pipeline } from '../pipeline.js';
import { getEntries } from './get-entries.js';
import type { ChangesServicePorts } from './ports.js';
import { watchChanges } from './watch-changes.js';

export function createChangesService(ports: ChangesServicePorts, pipeline: Pipeline): ChangesHandlers {
  return {
    WatchChanges: pipeline.serverStream(watchChanges(ports)),
    GetEntries: pipeline.unary(getEntries(ports)),
  };
}
