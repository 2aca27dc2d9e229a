export {
  anyOf,
  authorizeAny,
  authorizeId,
  authorizeIf,
  authorizeMemberOf,
  authorizeOneOf,
  type Authorizer,
} from './authorizer.js';
export { attachServer } from './attach-server.js';
export {
  mtlsClientOptions,
  secureContextParts,
  type CheckServerIdentity,
  type SecureContextParts,
} from './client-options.js';
export { connect, type ConnectOptions } from './connect.js';
export { constrainedCa } from './constrained-anchors.js';
export { createHttpsServer, createServer } from './create-server.js';
export type { Observable } from './observable.js';
export type { MtlsClientOptions, MtlsServerOptions, PeerOptions, TlsClientOptions, TrustedBundles } from './options.js';
export { peerOf, type Connected } from './peer-of.js';
export { mtlsServerOptions } from './server-options.js';
export { SpiffeAgent } from './spiffe-agent.js';
