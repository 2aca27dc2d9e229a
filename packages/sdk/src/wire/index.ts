export { Contract, agentApi, bundleApi, entryApi, changesApi, healthApi, svidApi, workloadApi } from './contracts.js';
export {
  StatusError,
  isServiceError,
  permissionDenied,
  permissionDeniedReason,
  type PermissionDeniedReason,
} from './status.js';
