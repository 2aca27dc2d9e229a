export { BundleSet } from './bundle-set.js';
export type { EntryReport } from './jwk-set.js';
export type { JwtAuthority } from './jwt-authority.js';
export { JwtBundle } from './jwt-bundle.js';
export { JwtBundleSet, type JwtBundleSource } from './jwt-bundle-set.js';
export { SpiffeBundle, type SpiffeBundleParts } from './spiffe-bundle.js';
export { SpiffeBundleSet, type SpiffeBundleSource } from './spiffe-bundle-set.js';
export { X509Bundle } from './x509-bundle.js';
export { X509BundleSet, type X509BundleSource } from './x509-bundle-set.js';
