// The flags of `run` and `validate`: those keys of the file that are worth a flag.
import type { Flags, FlagValues } from '@credence/sdk/daemon';

/** The flags of `run` and `validate`. */
export const runFlags = {
  config: { kind: 'text', placeholder: 'path', help: 'YAML configuration file' },
  expandEnv: { kind: 'boolean', help: 'replace ${NAME} in values of the file by the variable of the environment' },
  trustDomain: { kind: 'text', placeholder: 'name', help: 'trust domain of the server' },
  dataDir: { kind: 'text', placeholder: 'path', help: 'where the server keeps its data' },
  bindAddress: { kind: 'text', placeholder: 'address', help: 'where agents reach the server' },
  port: { kind: 'integer', spire: 'serverPort', help: 'port where agents reach the server' },
  socketPath: { kind: 'text', placeholder: 'path', help: 'Unix socket for administration' },
  logLevel: { kind: 'text', placeholder: 'level', help: 'debug, info, warn or error' },
  logFile: { kind: 'text', placeholder: 'path', help: 'file for the log instead of standard output' },
} as const satisfies Flags;

/** What they say. */
export type ServerFlags = Partial<FlagValues<typeof runFlags>>;
