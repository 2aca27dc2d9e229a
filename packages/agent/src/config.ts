// The configuration of credence-agent: the keys of its file, which are those of SPIRE's, the flags that stand for some
// of them, and the settings they make. What the command line says counts before the file, and the file before the
// defaults.
import { resolve } from 'node:path';
import { TrustDomain } from '@credence/sdk';
import {
  loadConfigFile,
  parsedBy,
  parseFlagKeys,
  unknownKeys,
  usageError,
  type DaemonPaths,
  type Flags,
  type FlagValues,
  type LoggerOptions,
} from '@credence/sdk/daemon';
import { durationMs, host, logLevel, path, port } from '@credence/sdk/daemon/config-values';
import { z } from 'zod';
import {
  defaultAgentSettings,
  workloadKeyTypes,
  type AgentSettings,
  type JoinTokenSource,
  type NodeAttestationSettings,
  type UnixAttestorSettings,
} from './settings.js';

const joinToken = z.string().regex(/^[!-~]+$/, 'not a join token; printable ASCII without spaces is accepted');

const experimentalShape = { sync_interval: durationMs.optional(), watch_changes: z.boolean().optional() };
const agentShape = {
  trust_domain: z.string().transform(parsedBy((text) => TrustDomain.parse(text), 'example.org')),
  server_address: host('::1'),
  server_port: port(1),
  data_dir: path,
  socket_path: path,
  trust_bundle_path: path,
  trust_bundle_format: z.enum(['pem'], 'not a format; pem is accepted'),
  join_token: joinToken,
  join_token_file: z.string().min(1, 'an empty path; a path or - is accepted'),
  log_level: logLevel,
  log_file: path,
  workload_x509_svid_key_type: z.enum(workloadKeyTypes),
  jwt_svid_cache_max_size: z.int().positive('not a number of JWT-SVIDs; 1 or more is accepted'),
  allow_unauthenticated_verifiers: z.boolean(),
  allowed_foreign_jwt_claims: z.array(z.string().min(1, 'an empty name; the name of a claim is accepted')),
  experimental: z.strictObject(experimentalShape, unknownKeys(experimentalShape)),
};
const unixShape = { discover_workload_path: z.boolean().optional(), workload_size_limit: z.int().optional() };
const unixPluginShape = { plugin_data: z.strictObject(unixShape, unknownKeys(unixShape)) };
const attestorsShape = { unix: z.strictObject(unixPluginShape, unknownKeys(unixPluginShape)).optional() };
const joinTokenPluginShape = { plugin_data: z.strictObject({}, unknownKeys({})).nullish() };
const x509PopShape = { private_key_path: path, certificate_path: path, intermediates_path: path.optional() };
const x509PopPluginShape = { plugin_data: z.strictObject(x509PopShape, unknownKeys(x509PopShape)) };
// A key of YAML with nothing below it is null.
const nodeAttestorsShape = {
  join_token: z.strictObject(joinTokenPluginShape, unknownKeys(joinTokenPluginShape)).nullish(),
  x509pop: z.strictObject(x509PopPluginShape, unknownKeys(x509PopPluginShape)).optional(),
};
const pluginsShape = {
  NodeAttestor: z
    .strictObject(nodeAttestorsShape, unknownKeys(nodeAttestorsShape))
    .refine((given) => Object.keys(given).length === 1, 'not one node attestor; join_token or x509pop is accepted')
    .optional(),
  WorkloadAttestor: z.strictObject(attestorsShape, unknownKeys(attestorsShape)).optional(),
};
const sectionSchema = z.strictObject(agentShape, unknownKeys(agentShape)).partial();
const fileShape = {
  agent: sectionSchema.optional(),
  plugins: z.strictObject(pluginsShape, unknownKeys(pluginsShape)).optional(),
};

/** The file: the sections `agent` and `plugins`. */
export const agentFileSchema = z.strictObject(fileShape, unknownKeys(fileShape));

/** The flags of `run` and `validate`. */
export const runFlags = {
  config: { kind: 'text', placeholder: 'path', help: 'YAML configuration file' },
  expandEnv: { kind: 'boolean', help: 'replace ${NAME} in values of the file by the variable of the environment' },
  trustDomain: { kind: 'text', placeholder: 'name', help: 'trust domain that the agent joins' },
  serverAddress: { kind: 'text', placeholder: 'address', help: 'host name or IP address of the server' },
  serverPort: { kind: 'integer', help: 'port of the server (default: 8081)' },
  dataDir: { kind: 'text', placeholder: 'path', help: 'where the agent keeps its data' },
  socketPath: { kind: 'text', placeholder: 'path', help: 'Unix socket of the Workload API' },
  trustBundle: { kind: 'text', placeholder: 'path', help: 'file by which the server is recognised at first' },
  trustBundleFormat: { kind: 'text', placeholder: 'pem', help: 'form of that file' },
  joinToken: { kind: 'text', placeholder: 'token', help: 'join token; others can see it in the process list' },
  joinTokenFile: { kind: 'text', placeholder: 'path', help: 'file with the join token, or - for standard input' },
  allowUnauthenticatedVerifiers: {
    kind: 'boolean',
    help: 'give bundles also to processes without an identity',
  },
  logLevel: { kind: 'text', placeholder: 'level', help: 'debug, info, warn or error' },
  logFile: { kind: 'text', placeholder: 'path', help: 'file for the log instead of standard output' },
} as const satisfies Flags;

/** What they say. */
export type AgentFlags = Partial<FlagValues<typeof runFlags>>;

export interface AgentConfig {
  readonly settings: AgentSettings;
  readonly log: LoggerOptions;
}

/** What the configuration is completed by. */
export interface AgentSurroundings {
  readonly paths: DaemonPaths;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readInput(): Promise<string>;
}

/**
 * Reads the file that the flags name, if any, and completes it.
 *
 * @throws ERR_CONFIG for the file, ERR_USAGE for a flag or when something that is required is missing.
 */
export async function loadAgentConfig(flags: AgentFlags, surroundings: AgentSurroundings): Promise<AgentConfig> {
  const { config, expandEnv, ...given } = flags;
  const variables = expandEnv === true ? (surroundings.env ?? {}) : undefined;
  const fromFlags = parseFlagKeys(sectionSchema, given, { trustBundle: 'trust_bundle_path' });
  const file = config === undefined ? {} : await loadConfigFile(config, agentFileSchema, variables);
  const section = file.agent ?? {};
  const tokenKeys = fromFlags.join_token === undefined && fromFlags.join_token_file === undefined ? section : fromFlags;
  const token = await joinTokenOf(tokenKeys, () => surroundings.readInput());
  const nodeAttestation = nodeAttestationOf(file.plugins?.NodeAttestor?.x509pop, token);
  const keys: Keys = { ...section, ...fromFlags };
  const unix = unixAttestorOf(file.plugins?.WorkloadAttestor?.unix?.plugin_data ?? {});
  return {
    settings: settingsOf(keys, { nodeAttestation, unix, paths: surroundings.paths }),
    log: { level: keys.log_level ?? 'info', file: keys.log_file },
  };
}

type Keys = z.output<typeof sectionSchema>;

// A token of the command line replaces the file's, whichever way either is given.
async function joinTokenOf(keys: Keys, readInput: () => Promise<string>): Promise<JoinTokenSource | undefined> {
  const { join_token: value, join_token_file: file } = keys;
  if (value !== undefined && file !== undefined) throw usageError('join_token and join_token_file exclude each other');
  if (file === '-') return { kind: 'value', value: parseInput(await readInput()) };
  if (file !== undefined) return { kind: 'file', path: resolve(file) };
  return value === undefined ? undefined : { kind: 'value', value };
}

function parseInput(text: string): string {
  const result = joinToken.safeParse(text.trim());
  if (result.success) return result.data;
  throw usageError('--join-token-file: standard input is not a join token; printable ASCII without spaces is accepted');
}

function nodeAttestationOf(
  x509pop: z.output<typeof nodeAttestorsShape.x509pop>,
  token: JoinTokenSource | undefined,
): NodeAttestationSettings {
  if (x509pop === undefined) return { kind: 'join_token', token };
  if (token !== undefined) throw usageError('a join token and the node attestor x509pop exclude each other');
  const { private_key_path: privateKeyPath, certificate_path: certificatePath } = x509pop.plugin_data;
  return {
    kind: 'x509pop',
    privateKeyPath,
    certificatePath,
    intermediatesPath: x509pop.plugin_data.intermediates_path,
  };
}

function unixAttestorOf(keys: z.output<typeof unixPluginShape.plugin_data>): UnixAttestorSettings {
  const { unixAttestor } = defaultAgentSettings;
  return {
    discoverWorkloadPath: keys.discover_workload_path ?? unixAttestor.discoverWorkloadPath,
    workloadSizeLimit: keys.workload_size_limit ?? unixAttestor.workloadSizeLimit,
  };
}

function required<T>(value: T | undefined, key: string, accepted: string): T {
  if (value !== undefined) return value;
  const flag = `--${key.replaceAll('_', '-')}`;
  throw usageError(`${flag} is required, or ${key} in the configuration file; ${accepted} is accepted`);
}

interface Resolved {
  readonly nodeAttestation: NodeAttestationSettings;
  readonly unix: UnixAttestorSettings;
  readonly paths: DaemonPaths;
}

function settingsOf(keys: Keys, { nodeAttestation, unix, paths }: Resolved): AgentSettings {
  return {
    trustDomain: required(keys.trust_domain, 'trust_domain', 'example.org'),
    serverAddress: required(keys.server_address, 'server_address', '127.0.0.1'),
    serverPort: keys.server_port ?? defaultAgentSettings.serverPort,
    dataDir: keys.data_dir ?? paths.dataDirectory,
    socketPath: keys.socket_path ?? paths.socket,
    trustBundle:
      keys.trust_bundle_path === undefined ? undefined : { kind: 'file', path: keys.trust_bundle_path, format: 'pem' },
    nodeAttestation,
    syncIntervalMs: keys.experimental?.sync_interval ?? defaultAgentSettings.syncIntervalMs,
    watchChanges: keys.experimental?.watch_changes ?? defaultAgentSettings.watchChanges,
    workloadKeyType: keys.workload_x509_svid_key_type ?? defaultAgentSettings.workloadKeyType,
    jwtSvidCacheMaxSize: keys.jwt_svid_cache_max_size ?? defaultAgentSettings.jwtSvidCacheMaxSize,
    allowUnauthenticatedVerifiers:
      keys.allow_unauthenticated_verifiers ?? defaultAgentSettings.allowUnauthenticatedVerifiers,
    allowedForeignJwtClaims: keys.allowed_foreign_jwt_claims ?? defaultAgentSettings.allowedForeignJwtClaims,
    unixAttestor: unix,
  };
}
