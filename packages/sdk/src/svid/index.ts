export { audiences } from './audience.js';
export { checkLeaf, checkLeafProfile, spiffeIdOf } from './leaf.js';
export type { JwtReason } from './jwt-refusal.js';
export { JwtSvid, type FetchJwtSvidOptions, type JwtSvidParams, type JwtSvidSource } from './jwt-svid.js';
export type { VerifyReason } from './refusal.js';
export { verifyCertificate } from './verify-certificate.js';
export { verifyX509Svid, type VerifiedPeer } from './verify.js';
export { verifyJwtSvid, type VerifyJwtSvidOptions } from './verify-jwt.js';
export { X509Svid, type X509SvidSource } from './x509-svid.js';
