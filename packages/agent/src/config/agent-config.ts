// The configuration of credence-agent: its file and flags, and the settings they make. What the command line says counts
// before the file, and the file before the defaults.
import { loadConfigFile, parseFlagKeys, usageError, type DaemonPaths, type LoggerOptions } from '@credence/sdk/daemon';
import { monitoringOf, type MonitoringSettings } from '@credence/sdk/daemon/monitoring';
import type { z } from 'zod';
import { defaultAgentSettings, type AgentSettings, type NodeAttestationSettings } from '../settings.js';
import { adminOf } from './admin.js';
import type { AgentFlags } from './flags.js';
import { joinTokenOf, nodeAttestationOf } from './node-attestors.js';
import { rateLimitsOf } from './rate-limits.js';
import { publicServicesOf } from './sds.js';
import { agentFileSchema, agentSectionSchema } from './schema.js';
import { trustBundleOf } from './trust-bundle.js';
import { workloadAttestorsOf } from './workload-attestors.js';

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
  const fromFlags = parseFlagKeys(agentSectionSchema, given, { trustBundle: 'trust_bundle_path' });
  const file = config === undefined ? {} : await loadConfigFile(config, agentFileSchema, variables);
  const section = file.agent ?? {};
  // A token of the command line replaces the file's, whichever way either is given.
  const tokenKeys = fromFlags.join_token === undefined && fromFlags.join_token_file === undefined ? section : fromFlags;
  const token = await joinTokenOf(tokenKeys, () => surroundings.readInput());
  const nodeAttestation = nodeAttestationOf(file.plugins?.NodeAttestor?.x509pop, token);
  const keys: Keys = { ...section, ...fromFlags };
  const attestors = workloadAttestorsOf(file.plugins?.WorkloadAttestor ?? {}, surroundings.env ?? {});
  return {
    settings: settingsOf(keys, {
      nodeAttestation,
      attestors,
      monitoring: monitoringOf(file),
      paths: surroundings.paths,
    }),
    log: { level: keys.log_level ?? 'info', file: keys.log_file },
  };
}

type Keys = z.output<typeof agentSectionSchema>;

function required<T>(value: T | undefined, key: string, accepted: string): T {
  if (value !== undefined) return value;
  const flag = `--${key.replaceAll('_', '-')}`;
  throw usageError(`${flag} is required, or ${key} in the configuration file; ${accepted} is accepted`);
}

interface Resolved {
  readonly nodeAttestation: NodeAttestationSettings;
  readonly attestors: ReturnType<typeof workloadAttestorsOf>;
  readonly monitoring: MonitoringSettings;
  readonly paths: DaemonPaths;
}

function settingsOf(keys: Keys, { nodeAttestation, attestors, monitoring, paths }: Resolved): AgentSettings {
  const trustDomain = required(keys.trust_domain, 'trust_domain', 'example.org');
  const socketPath = keys.socket_path ?? paths.socket;
  return {
    trustDomain,
    serverAddress: required(keys.server_address, 'server_address', '127.0.0.1'),
    serverPort: keys.server_port ?? defaultAgentSettings.serverPort,
    dataDir: keys.data_dir ?? paths.dataDirectory,
    socketPath,
    ...adminOf(keys, { trustDomain, socketPath, defaultSocketPath: paths.socket }),
    ...publicServicesOf(keys),
    rateLimits: rateLimitsOf(keys.experimental?.ratelimit),
    ...trustBundleOf(keys),
    nodeAttestation,
    syncIntervalMs: keys.experimental?.sync_interval ?? defaultAgentSettings.syncIntervalMs,
    watchChanges: keys.experimental?.watch_changes ?? defaultAgentSettings.watchChanges,
    workloadKeyType: keys.workload_x509_svid_key_type ?? defaultAgentSettings.workloadKeyType,
    persistWorkloadIdentities: keys.persist_workload_identities ?? defaultAgentSettings.persistWorkloadIdentities,
    availabilityTargetMs: keys.availability_target ?? defaultAgentSettings.availabilityTargetMs,
    x509SvidCacheMaxSize: keys.x509_svid_cache_max_size ?? defaultAgentSettings.x509SvidCacheMaxSize,
    jwtSvidCacheMaxSize: keys.jwt_svid_cache_max_size ?? defaultAgentSettings.jwtSvidCacheMaxSize,
    allowUnauthenticatedVerifiers:
      keys.allow_unauthenticated_verifiers ?? defaultAgentSettings.allowUnauthenticatedVerifiers,
    allowedForeignJwtClaims: keys.allowed_foreign_jwt_claims ?? defaultAgentSettings.allowedForeignJwtClaims,
    ...attestors,
    ...monitoring,
  };
}
