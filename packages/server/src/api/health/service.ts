// The health service: Check only; Watch and List answer UNIMPLEMENTED.
import type { HealthHandlers } from '@credence/sdk/wire/gen/grpc/health/v1/Health.js';
import type { Pipeline } from '../pipeline.js';
import { check, type HealthServicePorts } from './check.js';

export function createHealthService(ports: HealthServicePorts, pipeline: Pipeline): Partial<HealthHandlers> {
  return { Check: pipeline.unary(check(ports)) };
}
