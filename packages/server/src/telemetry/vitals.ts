// What the metrics ask of the server when they are read.

/** Something that is replaced before it expires. */
export interface Lifetime {
  readonly subject: 'x509_authority' | 'jwt_authority' | 'server_svid';
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** When its latest successor was made, or itself. */
  readonly rotatedAt: Date;
}

export interface Vitals {
  /** What the server signs with and presents; nothing before it has started. */
  lifetimes(): readonly Lifetime[];
  countEntries(): Promise<number>;
  /** Agents that may call: neither banned nor expired. */
  countAgents(): Promise<number>;
}
