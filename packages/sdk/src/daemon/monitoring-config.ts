// The sections `health_checks` and `telemetry` of both daemons' configuration: where monitors find it.
import { z } from 'zod';
import { unknownKeys } from './config-file.js';
import { host, port } from './config-values.js';
import type { HealthCheckSettings, HttpPlace } from './monitor-listeners.js';

const pagePath = z.string().regex(/^\/[\w./-]*$/, 'not a path of a page; /ready is accepted');
const healthChecksShape = {
  listener_enabled: z.boolean().default(false),
  bind_address: host('::1').default('localhost'),
  bind_port: port(0).default(8080),
  live_path: pagePath.default('/live'),
  ready_path: pagePath.default('/ready'),
};
const prometheusShape = { host: host('::1').default('localhost'), port: port(0) };
const telemetryShape = { Prometheus: z.strictObject(prometheusShape, unknownKeys(prometheusShape)).optional() };

/** The sections that are read here. */
export const monitoringShapes = {
  health_checks: z.strictObject(healthChecksShape, unknownKeys(healthChecksShape)).optional(),
  telemetry: z.strictObject(telemetryShape, unknownKeys(telemetryShape)).nullish(),
};

/** What they say. */
export interface MonitoringSettings {
  readonly metrics: HttpPlace | undefined;
  readonly healthChecks: HealthCheckSettings | undefined;
}

type Sections = { readonly [Name in keyof typeof monitoringShapes]?: z.output<(typeof monitoringShapes)[Name]> };

export function monitoringOf({ health_checks: health, telemetry }: Sections): MonitoringSettings {
  return {
    metrics: telemetry?.Prometheus,
    healthChecks:
      health?.listener_enabled === true
        ? {
            host: health.bind_address,
            port: health.bind_port,
            livePath: health.live_path,
            readyPath: health.ready_path,
          }
        : undefined,
  };
}
