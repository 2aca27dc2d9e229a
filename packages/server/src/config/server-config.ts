// The configuration of credence-server: its file and flags, and the settings they make. What the command line says counts
// before the file, and the file before the defaults.
import { loadConfigFile, parseFlagKeys, usageError, type DaemonPaths, type LoggerOptions } from '@credence/sdk/daemon';
import { monitoringOf } from '@credence/sdk/daemon/monitoring';
import type { z } from 'zod';
import type { AgentPruningSettings, ServerSettings } from '../settings.js';
import { federationOf } from './federation.js';
import type { ServerFlags } from './flags.js';
import { keyManagerOf } from './key-manager.js';
import { nodeAttestorsOf } from './node-attestors.js';
import { serverFileSchema, serverSectionSchema } from './schema.js';
import { upstreamAuthorityOf } from './upstream-authority.js';

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
  const fromFlags = parseFlagKeys(serverSectionSchema, given, { port: 'bind_port' });
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
  const { data_dir: fromFlag } = parseFlagKeys(serverSectionSchema, { dataDir });
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

type Keys = z.output<typeof serverSectionSchema>;
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
    keyManager: keyManagerOf(plugins?.KeyManager, dataDir),
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
