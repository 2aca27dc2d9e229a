// Whether what is served is what the server says, for those who ask: explain, health, logs.

export interface SyncStatus {
  /** When the last round ended well; undefined: none has, since the agent started. */
  readonly lastSuccess: Date | undefined;
  /** The failure that has not been made good yet. */
  readonly lastFailure: SyncFailure | undefined;
  /** Since when identities are served that were on disk, without a word of the server's; undefined: they are not. */
  readonly fromDiskSince: Date | undefined;
}

export interface SyncFailure {
  readonly at: Date;
  /** For operators, not for workloads. */
  readonly message: string;
}
