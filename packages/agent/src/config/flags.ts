// The flags of `run` and `validate`: those keys of the file that are worth a flag.
import type { Flags, FlagValues } from '@credence/sdk/daemon';

/** The flags of `run` and `validate`. */
export const runFlags = {
  config: { kind: 'text', metavar: 'path', help: 'YAML configuration file' },
  expandEnv: { kind: 'boolean', help: 'replace ${NAME} in values of the file by the variable of the environment' },
  trustDomain: { kind: 'text', metavar: 'name', help: 'trust domain that the agent joins' },
  serverAddress: { kind: 'text', metavar: 'address', help: 'host name or IP address of the server' },
  serverPort: { kind: 'integer', help: 'port of the server (default: 8081)' },
  dataDir: { kind: 'text', metavar: 'path', help: 'where the agent keeps its data' },
  socketPath: { kind: 'text', metavar: 'path', help: 'Unix socket of the Workload API' },
  trustBundle: { kind: 'text', metavar: 'path', help: 'file by which the server is recognised at first' },
  trustBundleUrl: { kind: 'text', metavar: 'url', help: 'where that bundle is fetched instead' },
  trustBundleFormat: { kind: 'text', metavar: 'format', help: 'form of that bundle: pem (default) or spiffe' },
  insecureBootstrap: { kind: 'boolean', help: 'believe whoever answers at first to be the server' },
  rebootstrapMode: {
    kind: 'text',
    metavar: 'mode',
    help: 'when the server is of an unknown authority, bootstrap again: never (default), auto or always',
  },
  rebootstrapDelay: { kind: 'text', metavar: 'duration', help: 'how long it has to be unknown (default: 10m)' },
  joinToken: { kind: 'text', metavar: 'token', help: 'join token; others can see it in the process list' },
  joinTokenFile: { kind: 'text', metavar: 'path', help: 'file with the join token, or - for standard input' },
  allowUnauthenticatedVerifiers: {
    kind: 'boolean',
    help: 'give bundles also to processes without an identity',
  },
  disableWorkloadApi: { kind: 'boolean', spire: 'disableWorkloadAPI', help: 'do not offer the Workload API' },
  disableSdsApi: { kind: 'boolean', spire: 'disableSDSAPI', help: "do not offer Envoy's secret discovery" },
  logLevel: { kind: 'text', metavar: 'level', help: 'debug, info, warn or error' },
  logFile: { kind: 'text', metavar: 'path', help: 'file for the log instead of standard output' },
} as const satisfies Flags;

/** What they say. */
export type AgentFlags = Partial<FlagValues<typeof runFlags>>;
