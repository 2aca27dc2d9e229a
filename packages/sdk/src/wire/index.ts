export {
  Contract,
  agentApi,
  bundleApi,
  entryApi,
  changesApi,
  debugApi,
  healthApi,
  localAuthorityApi,
  loggerApi,
  svidApi,
  trustDomainApi,
  workloadApi,
} from './contracts.js';
export {
  StatusError,
  isServiceError,
  permissionDenied,
  permissionDeniedReason,
  type PermissionDeniedReason,
} from './status.js';
