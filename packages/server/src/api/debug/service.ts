import type { DebugHandlers } from '@credence/sdk/wire/gen/spire/api/server/debug/v1/Debug.js';
import type { Pipeline } from '../pipeline.js';
import { getInfo } from './get-info.js';
import type { DebugServicePorts } from './ports.js';

/** The Debug service. */
export function createDebugService(ports: DebugServicePorts, pipeline: Pipeline): DebugHandlers {
  return { GetInfo: pipeline.unary(getInfo(ports)) };
}
