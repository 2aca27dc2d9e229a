export { until } from '../../packages/sdk/dist-test/support/until.js';
