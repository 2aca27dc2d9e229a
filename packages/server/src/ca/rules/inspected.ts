// The proofs that something was inspected: nothing else is ever signed.

declare const proof: unique symbol;

/** A TBSCertificate, DER, that keeps the rules of its profile. Only the rooms of the rules make one. */
export type InspectedTbs = Buffer & { readonly [proof]: true };

/** A JWS Signing Input that keeps the rules of its profile. Only the rooms of the rules make one. */
export type InspectedToken = string & { readonly [proof]: true };
