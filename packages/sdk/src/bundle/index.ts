export { X509Bundle } from './x509-bundle.js';
export { X509BundleSet, type X509BundleSource } from './x509-bundle-set.js';
