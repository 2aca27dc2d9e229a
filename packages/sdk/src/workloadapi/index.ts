export { endpointVariable, parseEndpoint, type Endpoint } from './endpoint.js';
export { WorkloadApiClient, type CallOptions, type WatchOptions, type WorkloadApiClientOptions } from './client.js';
export type { SvidChoice } from './svid-choice.js';
export type { X509Context } from './x509-context.js';
export { X509Source, type X509SourceOptions } from './x509-source.js';
