export { ManualClock } from './manual-clock.js';
export { TestCa, type TestCertificateOptions, type TestCredential } from './test-ca.js';
export { FakeWorkloadApi, type IssueJwtSvids } from './fake-workload-api.js';
export type { RecordedRequest } from './fake-workload-api-calls.js';
export { StaticX509Source } from './static-source.js';
export { FakeBundleEndpoint, type BundleAnswer, type RecordedBundleRequest } from './fake-bundle-endpoint.js';
export type { TestJwtOptions } from './test-jwt.js';
export type { KeyType } from '../keys/index.js';
export type { CertificateTemplate } from '../x509/index.js';
