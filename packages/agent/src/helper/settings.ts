// What the helper is told when it is made: checked values.

export interface HelperSettings {
  /** Of the Workload API: `unix:///path` or `tcp://address:port`. */
  readonly address: string;
  /** Chooses the identity; undefined: the default one. */
  readonly hint: string | undefined;
  readonly directory: DirectorySettings;
  readonly files: FileSettings;
  readonly renewal: RenewalSettings;
  /** Where the metrics are written, for a collector that reads files; undefined: nowhere. */
  readonly metricsFile: string | undefined;
}

export interface DirectorySettings {
  /** Absolute. */
  readonly path: string;
  /** Owner and group of what is written; undefined: those of this process. */
  readonly owner: number | undefined;
  readonly group: number | undefined;
}

/** Names in the directory, all different. */
export interface FileSettings {
  readonly certificates: string;
  readonly key: string;
  readonly bundle: string;
  /** Permissions of certificates and bundle. */
  readonly certificateMode: number;
  readonly keyMode: number;
}

/** What follows new files. */
export interface RenewalSettings {
  /** A program and its arguments; no shell reads them. */
  readonly command: readonly [string, ...string[]] | undefined;
  /** A file with the number of a process that gets `signal`. */
  readonly pidFile: string | undefined;
  readonly signal: NodeJS.Signals | undefined;
}
