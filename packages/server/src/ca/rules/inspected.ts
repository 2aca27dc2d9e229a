// The proof that a TBSCertificate was inspected: the only thing that is ever signed.

declare const proof: unique symbol;

/** A TBSCertificate, DER, that keeps the rules of its profile. Only the rooms of the rules make one. */
export type InspectedTbs = Buffer & { readonly [proof]: true };
