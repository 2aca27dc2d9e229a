// The configuration of credence-agent: the keys of its file, which are those of SPIRE's, and the settings they make.
// What the command line says counts before the file, and the file before the defaults.
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { TrustDomain } from '@credence/sdk';
import {
  loadConfigFile,
  logLevels,
  parsedBy,
  parseFlagKeys,
  toDurationMs,
  unknownKeys,
  usageError,
  type DaemonPaths,
  type LoggerOptions,
} from '@credence/sdk/daemon';
import { z } from 'zod';
import {
  defaultAgentSettings,
  workloadKeyTypes,
  type AgentSettings,
  type JoinTokenSource,
  type UnixAttestorSettings,
} from './settings.js';

const hostName = /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

const path = z
  .string()
  .min(1, 'an empty path; a path is accepted')
  .transform((text) => resolve(text));
const port = z
  .union(
    [
      z.number(),
      z
        .string()
        .regex(/^\d{1,5}$/)
        .transform(Number),
    ],
    'not a port; 1 to 65535 is accepted',
  )
  .refine((value) => Number.isInteger(value) && value >= 1 && value <= 65535, 'not a port; 1 to 65535 is accepted');
const joinToken = z.string().regex(/^[!-~]+$/, 'not a join token; printable ASCII without spaces is accepted');

const experimentalShape = { sync_interval: z.string().transform(toDurationMs).optional() };
const agentShape = {
  trust_domain: z.string().transform(parsedBy((text) => TrustDomain.parse(text), 'example.org')),
  server_address: z
    .string()
    .refine(
      (text) => isIP(text) !== 0 || hostName.test(text),
      'not an address; 127.0.0.1, ::1 or a host name is accepted',
    ),
  server_port: port,
  data_dir: path,
  socket_path: path,
  trust_bundle_path: path,
  trust_bundle_format: z.enum(['pem'], 'not a format; pem is accepted'),
  join_token: joinToken,
  join_token_file: z.string().min(1, 'an empty path; a path or - is accepted'),
  log_level: z
    .string()
    .toLowerCase()
    .pipe(z.enum(logLevels, `not a level; ${logLevels.join(', ')} are accepted`)),
  log_file: path,
  workload_x509_svid_key_type: z.enum(workloadKeyTypes),
  experimental: z.strictObject(experimentalShape, unknownKeys(experimentalShape)),
};
const unixShape = { discover_workload_path: z.boolean().optional(), workload_size_limit: z.int().optional() };
const unixPluginShape = { plugin_data: z.strictObject(unixShape, unknownKeys(unixShape)) };
const attestorsShape = { unix: z.strictObject(unixPluginShape, unknownKeys(unixPluginShape)).optional() };
const pluginsShape = {
  WorkloadAttestor: z.strictObject(attestorsShape, unknownKeys(attestorsShape)).optional(),
};
const sectionSchema = z.strictObject(agentShape, unknownKeys(agentShape)).partial();
const fileShape = {
  agent: sectionSchema.optional(),
  plugins: z.strictObject(pluginsShape, unknownKeys(pluginsShape)).optional(),
};

/** The file: the sections `agent` and `plugins`. */
export const agentFileSchema = z.strictObject(fileShape, unknownKeys(fileShape));

/** What the flags of `run` say. */
export interface AgentFlags {
  readonly config?: string | undefined;
  readonly trustDomain?: string | undefined;
  readonly serverAddress?: string | undefined;
  readonly serverPort?: number | undefined;
  readonly dataDir?: string | undefined;
  readonly socketPath?: string | undefined;
  readonly trustBundle?: string | undefined;
  readonly trustBundleFormat?: string | undefined;
  readonly joinToken?: string | undefined;
  /** `-` is standard input. */
  readonly joinTokenFile?: string | undefined;
  readonly logLevel?: string | undefined;
  readonly logFile?: string | undefined;
}

export interface AgentConfig {
  readonly settings: AgentSettings;
  readonly log: LoggerOptions;
}

/** What the configuration is completed by. */
export interface AgentSurroundings {
  readonly paths: DaemonPaths;
  readInput(): Promise<string>;
}

/**
 * Reads the file that the flags name, if any, and completes it.
 *
 * @throws ERR_CONFIG for the file, ERR_USAGE for a flag or when something that is required is missing.
 */
export async function loadAgentConfig(flags: AgentFlags, surroundings: AgentSurroundings): Promise<AgentConfig> {
  const fromFlags = parseAgentFlags(flags);
  const file = flags.config === undefined ? {} : await loadConfigFile(flags.config, agentFileSchema);
  const section = file.agent ?? {};
  const tokenKeys = fromFlags.join_token === undefined && fromFlags.join_token_file === undefined ? section : fromFlags;
  const token = await joinTokenOf(tokenKeys, () => surroundings.readInput());
  const keys: Keys = { ...section, ...fromFlags };
  const unix = unixAttestorOf(file.plugins?.WorkloadAttestor?.unix?.plugin_data ?? {});
  return {
    settings: settingsOf(keys, { token, unix, paths: surroundings.paths }),
    log: { level: keys.log_level ?? 'info', file: keys.log_file },
  };
}

type Keys = z.output<typeof sectionSchema>;

function parseAgentFlags(flags: AgentFlags): Keys {
  return parseFlagKeys(sectionSchema, {
    trust_domain: ['--trust-domain', flags.trustDomain],
    server_address: ['--server-address', flags.serverAddress],
    server_port: ['--server-port', flags.serverPort],
    data_dir: ['--data-dir', flags.dataDir],
    socket_path: ['--socket-path', flags.socketPath],
    trust_bundle_path: ['--trust-bundle', flags.trustBundle],
    trust_bundle_format: ['--trust-bundle-format', flags.trustBundleFormat],
    join_token: ['--join-token', flags.joinToken],
    join_token_file: ['--join-token-file', flags.joinTokenFile],
    log_level: ['--log-level', flags.logLevel],
    log_file: ['--log-file', flags.logFile],
  });
}

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
  readonly token: JoinTokenSource | undefined;
  readonly unix: UnixAttestorSettings;
  readonly paths: DaemonPaths;
}

function settingsOf(keys: Keys, { token, unix, paths }: Resolved): AgentSettings {
  return {
    trustDomain: required(keys.trust_domain, 'trust_domain', 'example.org'),
    serverAddress: required(keys.server_address, 'server_address', '127.0.0.1'),
    serverPort: keys.server_port ?? defaultAgentSettings.serverPort,
    dataDir: keys.data_dir ?? paths.dataDirectory,
    socketPath: keys.socket_path ?? paths.socket,
    trustBundle:
      keys.trust_bundle_path === undefined ? undefined : { kind: 'file', path: keys.trust_bundle_path, format: 'pem' },
    nodeAttestation: { kind: 'join_token', token },
    syncIntervalMs: keys.experimental?.sync_interval ?? defaultAgentSettings.syncIntervalMs,
    workloadKeyType: keys.workload_x509_svid_key_type ?? defaultAgentSettings.workloadKeyType,
    unixAttestor: unix,
  };
}
