// The configuration of credence-server: the keys of its file, which are those of SPIRE's, the flags that stand for some
// of them, and the settings they make. What the command line says counts before the file, and the file before the
// defaults.
import { join } from 'node:path';
import { SpiffeId, TrustDomain } from '@credence/sdk';
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
import { federationOf, federationSchema } from './federation-config.js';
import { monitoringOf, monitoringShapes } from './monitoring-config.js';
import { nodeAttestorsOf, pluginShapes, upstreamAuthorityOf } from './plugins.js';
import type { AgentPruningSettings, KeyManagerSettings, ServerSettings } from './settings.js';

const tenYearsMs = 87_600 * 3_600_000;
const lifetimeMs = durationMs.refine(
  (ms) => ms >= 1000 && ms <= tenYearsMs,
  'not a lifetime; 1s to 87600h (10 years) is accepted',
);
const wholeSeconds = lifetimeMs
  .refine((ms) => ms % 1000 === 0, 'not whole seconds; 90s or 1h is accepted')
  .transform((ms) => ms / 1000);

const keyType = z
  .string()
  .toLowerCase()
  .pipe(z.enum(['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-4096']));
// RFC 7519 §2, StringOrURI: a colon makes it a URI.
const jwtIssuer = z
  .string()
  .refine(
    (text) => text !== '' && (!text.includes(':') || URL.canParse(text)),
    'not an issuer; https://example.org, or a name without a colon, is accepted',
  );

const subjectShape = {
  country: z.array(z.string().min(1)).default([]),
  organization: z.array(z.string().min(1)).default([]),
  common_name: z.string().default(''),
};
const rateLimitShape = { attestation: z.boolean().default(true), signing: z.boolean().default(true) };

const serverShape = {
  trust_domain: z.string().transform(parsedBy((text) => TrustDomain.parse(text), 'example.org')),
  data_dir: path,
  bind_address: host('::'),
  bind_port: port(0),
  socket_path: path,
  log_level: logLevel,
  log_file: path,
  ca_ttl: lifetimeMs,
  ca_key_type: keyType,
  jwt_key_type: keyType,
  ca_subject: z.strictObject(subjectShape, unknownKeys(subjectShape)),
  default_x509_svid_ttl: wholeSeconds,
  default_jwt_svid_ttl: wholeSeconds,
  jwt_issuer: jwtIssuer,
  disable_jwt_svids: z.boolean(),
  agent_ttl: wholeSeconds,
  prune_attested_nodes_expired_for: durationMs,
  prune_attested_nodes_batch_size: z.int().min(1).max(10_000),
  prune_tofu_nodes: z.boolean(),
  admin_ids: z.array(z.string().transform(parsedBy((text) => SpiffeId.parse(text), 'spiffe://example.org/admin'))),
  ratelimit: z.strictObject(rateLimitShape, unknownKeys(rateLimitShape)),
  federation: federationSchema,
};
const sectionSchema = z.strictObject(serverShape, unknownKeys(serverShape)).partial();
const diskShape = { keys_path: path };
const diskPluginShape = { plugin_data: z.strictObject(diskShape, unknownKeys(diskShape)).partial().nullish() };
const memoryPluginShape = { plugin_data: z.strictObject({}, unknownKeys({})).nullish() };
// A key of YAML with nothing below it is null.
const keyManagerShape = {
  disk: z.strictObject(diskPluginShape, unknownKeys(diskPluginShape)).nullish(),
  memory: z.strictObject(memoryPluginShape, unknownKeys(memoryPluginShape)).nullish(),
};
const pluginsShape = {
  ...pluginShapes,
  KeyManager: z
    .strictObject(keyManagerShape, unknownKeys(keyManagerShape))
    .refine((given) => Object.keys(given).length === 1, 'not one key manager; disk or memory is accepted')
    .optional(),
};
const fileShape = {
  server: sectionSchema.optional(),
  plugins: z.strictObject(pluginsShape, unknownKeys(pluginsShape)).optional(),
  ...monitoringShapes,
};

/** The file: the sections `server`, `plugins`, `health_checks` and `telemetry`. */
export const serverFileSchema = z.strictObject(fileShape, unknownKeys(fileShape));

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

export interface ServerConfig {
  readonly settings: ServerSettings;
  readonly log: LoggerOptions;
}

/**
 * Reads the file that the flags name, if any, and completes it.
 *
 * @throws ERR_CONFIG for the file, ERR_USAGE for a flag or when the trust domain is missing.
 */
export async function loadServerConfig(
  flags: ServerFlags,
  paths: DaemonPaths,
  env: Environment = {},
): Promise<ServerConfig> {
  const { config, expandEnv, ...given } = flags;
  const fromFlags = parseFlagKeys(sectionSchema, given, { port: 'bind_port' });
  const fromFile = await loadFile({ config, expandEnv }, env);
  const keys: Keys = { ...fromFile.server, ...fromFlags };
  const settings = { ...settingsOf(keys, fromFile.plugins, paths), ...monitoringOf(fromFile) };
  return { settings, log: { level: keys.log_level ?? 'info', file: keys.log_file } };
}

/** Where a server with these flags keeps its data. @throws ERR_CONFIG, ERR_USAGE */
export async function loadDataDir(
  { dataDir, ...where }: Pick<ServerFlags, 'config' | 'expandEnv' | 'dataDir'>,
  paths: DaemonPaths,
  env: Environment = {},
): Promise<string> {
  const { data_dir: fromFlag } = parseFlagKeys(sectionSchema, { dataDir });
  if (fromFlag !== undefined) return fromFlag;
  const file = await loadFile(where, env);
  return file.server?.data_dir ?? paths.dataDirectory;
}

type Environment = Readonly<Record<string, string | undefined>>;

async function loadFile(
  { config, expandEnv }: Pick<ServerFlags, 'config' | 'expandEnv'>,
  env: Environment,
): Promise<z.output<typeof serverFileSchema>> {
  return config === undefined ? {} : loadConfigFile(config, serverFileSchema, expandEnv === true ? env : undefined);
}

type Keys = z.output<typeof sectionSchema>;
type Plugins = z.output<typeof serverFileSchema>['plugins'];

function settingsOf(keys: Keys, plugins: Plugins, paths: DaemonPaths): ServerSettings {
  if (keys.trust_domain === undefined) {
    throw usageError('--trust-domain is required, or trust_domain in the configuration file; example.org is accepted');
  }
  const defaultX509SvidTtlSeconds = keys.default_x509_svid_ttl ?? 3600;
  const subject = keys.ca_subject;
  const dataDir = keys.data_dir ?? paths.dataDirectory;
  const caKeyType = keys.ca_key_type ?? 'ec-p256';
  return {
    trustDomain: keys.trust_domain,
    dataDir,
    keyManager: keyManagerOf(plugins, dataDir),
    nodeAttestors: nodeAttestorsOf(plugins?.NodeAttestor),
    upstreamAuthority: upstreamAuthorityOf(plugins?.UpstreamAuthority),
    bindAddress: keys.bind_address ?? '0.0.0.0',
    bindPort: keys.bind_port ?? 8081,
    socketPath: keys.socket_path ?? paths.socket,
    caTtlMs: keys.ca_ttl ?? 24 * 3_600_000,
    caKeyType,
    jwtKeyType: keys.jwt_key_type ?? caKeyType,
    ...(subject && {
      caSubject: {
        country: subject.country,
        organization: subject.organization,
        commonName: subject.common_name,
      },
    }),
    defaultX509SvidTtlSeconds,
    defaultJwtSvidTtlSeconds: keys.default_jwt_svid_ttl ?? 300,
    jwtIssuer: keys.jwt_issuer,
    disableJwtSvids: keys.disable_jwt_svids ?? false,
    agentTtlSeconds: keys.agent_ttl ?? defaultX509SvidTtlSeconds,
    agentPruning: agentPruningOf(keys),
    adminIds: keys.admin_ids ?? [],
    rateLimit: keys.ratelimit ?? { attestation: true, signing: true },
    federation: federationOf(keys.federation, keys.trust_domain),
  };
}

function agentPruningOf(keys: Keys): AgentPruningSettings | undefined {
  const { prune_attested_nodes_expired_for: expiredForMs, prune_tofu_nodes: includeTofu = false } = keys;
  if (expiredForMs === undefined) return undefined;
  return { expiredForMs, includeTofu, batchSize: keys.prune_attested_nodes_batch_size ?? 1000 };
}

function keyManagerOf(plugins: Plugins, dataDir: string): KeyManagerSettings {
  const { disk, memory } = plugins?.KeyManager ?? {};
  if (memory !== undefined) return { kind: 'memory' };
  return { kind: 'disk', path: disk?.plugin_data?.keys_path ?? join(dataDir, 'keys.json') };
}
