// Healthy is a server that can read its own bundle: without it nobody can be told whom to trust.
import type { HealthCheckRequest__Output } from '@credence/sdk/wire/gen/grpc/health/v1/HealthCheckRequest.js';
import type { HealthCheckResponse } from '@credence/sdk/wire/gen/grpc/health/v1/HealthCheckResponse.js';
import type { Logger } from '@credence/sdk/runtime';
import { serverError } from '../../domain/errors.js';
import type { BundleServicePorts } from '../bundle/ports.js';
import type { UnaryHandler } from '../pipeline.js';

export interface HealthServicePorts extends Pick<BundleServicePorts, 'bundles' | 'trustDomain'> {
  readonly log: Logger;
}

export function check(ports: HealthServicePorts): UnaryHandler<HealthCheckRequest__Output, HealthCheckResponse> {
  return async ({ service }) => {
    if (service !== '') throw serverError('ERR_INVALID_ARGUMENT', 'per-service health is not supported');
    return { status: (await isHealthy(ports)) ? 'SERVING' : 'NOT_SERVING' };
  };
}

async function isHealthy({ bundles, trustDomain, log }: HealthServicePorts): Promise<boolean> {
  try {
    const bundle = await bundles.get(trustDomain);
    return bundle !== undefined && bundle.x509Authorities.length > 0;
  } catch (error) {
    log.warn({ err: error }, 'health check failed');
    return false;
  }
}
