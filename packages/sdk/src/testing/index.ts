export { ManualClock } from './manual-clock.js';
export { TestCa, type TestCertificateOptions, type TestCredential } from './test-ca.js';
export { FakeWorkloadApi, type RecordedRequest } from './fake-workload-api.js';
export { StaticX509Source } from './static-source.js';
