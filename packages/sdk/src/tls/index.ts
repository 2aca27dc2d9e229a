export {
  anyOf,
  authorizeAny,
  authorizeId,
  authorizeIf,
  authorizeMemberOf,
  authorizeOneOf,
  type Authorizer,
  type IdAuthorizer,
  type Identified,
  type Judge,
} from './authorizer.js';
export { authorizeMatching } from './authorize-matching.js';
export {
  observe,
  observedRefusal,
  type ObservedRefusal,
  type ObserveOptions,
  type ObservingAuthorizer,
} from './observe.js';
export { attachServer } from './attach-server.js';
export {
  mtlsClientOptions,
  mtlsWebClientOptions,
  secureContextParts,
  tlsClientOptions,
  type CheckServerIdentity,
  type OneConnection,
  type SecureContextParts,
} from './client-options.js';
export { connect, type ConnectOptions, type ConnectTarget } from './connect.js';
export { constrainedCa } from './constrained-anchors.js';
export { createHttp2Server, createHttpsServer, createServer } from './create-server.js';
export type { Observable } from './observable.js';
export type {
  ClientOptions,
  LifetimeOptions,
  MtlsClientOptions,
  MtlsServerOptions,
  MtlsWebClientOptions,
  MtlsWebServerOptions,
  PeerOptions,
  ServerBase,
  ServerOptions,
  TlsClientOptions,
  TlsServerOptions,
  TrustedBundles,
  WebCertificate,
} from './options.js';
export { peerOf, type Connected } from './peer-of.js';
export { mtlsServerOptions, mtlsWebServerOptions, tlsServerOptions } from './server-options.js';
export { SpiffeAgent } from './spiffe-agent.js';
export {
  spiffeConnector,
  type ConnectorCallback,
  type ConnectorTarget,
  type SpiffeConnector,
} from './spiffe-connector.js';
