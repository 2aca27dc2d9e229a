// What metrics and readiness ask of the agent when they are read.

export interface Vitals {
  readonly agentSvid: { readonly notBefore: Date; readonly expiresAt: Date };
  readonly synchronizer: {
    readonly record: {
      readonly status: {
        readonly lastSuccess: Date | undefined;
        /** Undefined: it has been made good. */
        readonly lastFailure: { readonly at: Date } | undefined;
        readonly fromDiskSince: Date | undefined;
      };
      readonly rounds: { readonly succeeded: number; readonly failed: number };
    };
    /** Whether the server tells of changes as they happen. */
    readonly watched: boolean;
  };
  readonly entries: { readonly entries: ReadonlyMap<string, unknown> };
  /** The X.509-SVIDs that are kept new. */
  readonly keptX509Svids: readonly { readonly notBefore: Date; readonly expiresAt: Date }[];
  readonly jwtSvids: {
    readonly size: number;
    readonly served: { readonly cached: number; readonly fresh: number; readonly old: number };
  };
}
