// The configuration of credence-server: the keys of its file, which are those of SPIRE's, the flags that stand for some
// of them, and the settings they make. What the command line says counts before the file, and the file before the
// defaults.
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
import type { ServerSettings } from './settings.js';

const tenYearsMs = 87_600 * 3_600_000;
const lifetimeMs = durationMs.refine(
  (ms) => ms >= 1000 && ms <= tenYearsMs,
  'not a lifetime; 1s to 87600h (10 years) is accepted',
);
const wholeSeconds = lifetimeMs
  .refine((ms) => ms % 1000 === 0, 'not whole seconds; 90s or 1h is accepted')
  .transform((ms) => ms / 1000);

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
  ca_key_type: z.enum(['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-4096']),
  ca_subject: z.strictObject(subjectShape, unknownKeys(subjectShape)),
  default_x509_svid_ttl: wholeSeconds,
  agent_ttl: wholeSeconds,
  admin_ids: z.array(z.string().transform(parsedBy((text) => SpiffeId.parse(text), 'spiffe://example.org/admin'))),
  ratelimit: z.strictObject(rateLimitShape, unknownKeys(rateLimitShape)),
};
const sectionSchema = z.strictObject(serverShape, unknownKeys(serverShape)).partial();
const fileShape = { server: sectionSchema.optional() };

/** The file: one section, `server`. */
export const serverFileSchema = z.strictObject(fileShape, unknownKeys(fileShape));

/** The flags of `run` and `validate`. */
export const runFlags = {
  config: { kind: 'text', placeholder: 'path', help: 'YAML configuration file' },
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
export async function loadServerConfig(flags: ServerFlags, paths: DaemonPaths): Promise<ServerConfig> {
  const { config, ...given } = flags;
  const fromFlags = parseFlagKeys(sectionSchema, given, { port: 'bind_port' });
  const fromFile = config === undefined ? {} : await loadConfigFile(config, serverFileSchema);
  const keys: Keys = { ...fromFile.server, ...fromFlags };
  return { settings: settingsOf(keys, paths), log: { level: keys.log_level ?? 'info', file: keys.log_file } };
}

type Keys = z.output<typeof sectionSchema>;

function settingsOf(keys: Keys, paths: DaemonPaths): ServerSettings {
  if (keys.trust_domain === undefined) {
    throw usageError('--trust-domain is required, or trust_domain in the configuration file; example.org is accepted');
  }
  const defaultX509SvidTtlSeconds = keys.default_x509_svid_ttl ?? 3600;
  const subject = keys.ca_subject;
  return {
    trustDomain: keys.trust_domain,
    dataDir: keys.data_dir ?? paths.dataDirectory,
    bindAddress: keys.bind_address ?? '0.0.0.0',
    bindPort: keys.bind_port ?? 8081,
    socketPath: keys.socket_path ?? paths.socket,
    caTtlMs: keys.ca_ttl ?? 24 * 3_600_000,
    caKeyType: keys.ca_key_type ?? 'ec-p256',
    ...(subject && {
      caSubject: {
        country: subject.country,
        organization: subject.organization,
        commonName: subject.common_name,
      },
    }),
    defaultX509SvidTtlSeconds,
    agentTtlSeconds: keys.agent_ttl ?? defaultX509SvidTtlSeconds,
    adminIds: keys.admin_ids ?? [],
    rateLimit: keys.ratelimit ?? { attestation: true, signing: true },
  };
}
