// The flags of `run` and `validate`: those keys of the file that are worth a flag.
import type { Flags, FlagValues } from '@credence/sdk/daemon';

/** The flags of `run` and `validate`. */
export const runFlags = {
  config: { kind: 'text', metavar: 'path', help: 'YAML configuration file' },
  expandEnv: { kind: 'boolean', help: 'replace ${NAME} in values of the file by the variable of the environment' },
  trustDomain: { kind: 'text', metavar: 'name', help: 'trust domain of the server' },
  dataDir: { kind: 'text', metavar: 'path', help: 'where the server keeps its data' },
  bindAddress: { kind: 'text', metavar: 'address', help: 'where agents reach the server' },
  port: { kind: 'integer', spire: 'serverPort', help: 'port where agents reach the server' },
  socketPath: { kind: 'text', metavar: 'path', help: 'Unix socket for administration' },
  logLevel: { kind: 'text', metavar: 'level', help: 'debug, info, warn or error' },
  logFile: { kind: 'text', metavar: 'path', help: 'file for the log instead of standard output' },
} as const satisfies Flags;

/** What they say. */
export type ServerFlags = Partial<FlagValues<typeof runFlags>>;
