// The Explain service, of our own.
import type { ExplainHandlers } from '@credence/sdk/wire/gen/credence/server/v1/Explain.js';
import type { Pipeline } from '../pipeline.js';
import { explainEntries } from './explain-entries.js';
import type { ExplainServicePorts } from './ports.js';

export function createExplainService(ports: ExplainServicePorts, pipeline: Pipeline): ExplainHandlers {
  return { ExplainEntries: pipeline.unary(explainEntries(ports)) };
}
