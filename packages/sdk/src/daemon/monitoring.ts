// What both daemons need so that monitors see them. A subpath of its own: only a running daemon pays for it.
export type { HealthCheck } from './health-pages.js';
export { MonitorListeners, type HealthCheckSettings, type HttpPlace } from './monitor-listeners.js';
export { monitoringOf, monitoringShapes, type MonitoringSettings } from './monitoring-config.js';
