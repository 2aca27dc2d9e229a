export { checkLeaf, checkLeafProfile } from './leaf.js';
export type { VerifyReason } from './refusal.js';
export { verifyX509Svid, type VerifiedPeer } from './verify.js';
export { X509Svid, type X509SvidSource } from './x509-svid.js';
