export { addressProblem } from '../net/index.js';
export { bundleHandler, intermediateTls, type BundleHandlerOptions } from './bundle-handler.js';
export {
  parseEndpointUrl,
  type BundleEndpointProfile,
  type HttpsSpiffeProfile,
  type HttpsWebProfile,
} from './endpoint.js';
export { fetchBundle, type FetchBundleOptions, type FetchLimits } from './fetch-bundle.js';
export { watchBundle, type WatchBundleOptions, type WatchSchedule } from './watch-bundle.js';
