export { SpiffeId } from './spiffe-id.js';
export { TrustDomain } from './trust-domain.js';
export type { SpiffeIdProblem } from './grammar.js';
