// The configuration of credence-server: the keys of its file, which are those of SPIRE's, and the settings they make.
// What the command line says counts before the file, and the file before the defaults.
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { SpiffeId, TrustDomain } from '@credence/sdk';
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
import type { ServerSettings } from './settings.js';

const hostName = /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

const path = z
  .string()
  .min(1, 'an empty path; a path is accepted')
  .transform((text) => resolve(text));
const durationMs = z.string().transform(toDurationMs);
const wholeSeconds = durationMs
  .refine((ms) => ms % 1000 === 0, 'not whole seconds; 90s or 1h is accepted')
  .transform((ms) => ms / 1000);
const port = z
  .union(
    [
      z.number(),
      z
        .string()
        .regex(/^\d{1,5}$/)
        .transform(Number),
    ],
    'not a port; 0 to 65535 is accepted',
  )
  .refine((value) => Number.isInteger(value) && value >= 0 && value <= 65535, 'not a port; 0 to 65535 is accepted');

const subjectShape = {
  country: z.array(z.string().min(1)).default([]),
  organization: z.array(z.string().min(1)).default([]),
  common_name: z.string().default(''),
};
const rateLimitShape = { attestation: z.boolean().default(true), signing: z.boolean().default(true) };

const serverShape = {
  trust_domain: z.string().transform(parsedBy((text) => TrustDomain.parse(text), 'example.org')),
  data_dir: path,
  bind_address: z
    .string()
    .refine(
      (text) => isIP(text) !== 0 || hostName.test(text),
      'not an address; 127.0.0.1, :: or a host name is accepted',
    ),
  bind_port: port,
  socket_path: path,
  log_level: z
    .string()
    .toLowerCase()
    .pipe(z.enum(logLevels, `not a level; ${logLevels.join(', ')} are accepted`)),
  log_file: path,
  ca_ttl: durationMs,
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

/** What the flags of `run` say. */
export interface ServerFlags {
  readonly config?: string | undefined;
  readonly trustDomain?: string | undefined;
  readonly dataDir?: string | undefined;
  readonly bindAddress?: string | undefined;
  readonly port?: number | undefined;
  readonly socketPath?: string | undefined;
  readonly logLevel?: string | undefined;
  readonly logFile?: string | undefined;
}

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
  const fromFlags = parseServerFlags(flags);
  const fromFile = flags.config === undefined ? {} : await loadConfigFile(flags.config, serverFileSchema);
  const keys: Keys = { ...fromFile.server, ...fromFlags };
  return { settings: settingsOf(keys, paths), log: { level: keys.log_level ?? 'info', file: keys.log_file } };
}

type Keys = z.output<typeof sectionSchema>;

function parseServerFlags(flags: ServerFlags): Keys {
  return parseFlagKeys(sectionSchema, {
    trust_domain: ['--trust-domain', flags.trustDomain],
    data_dir: ['--data-dir', flags.dataDir],
    bind_address: ['--bind-address', flags.bindAddress],
    bind_port: ['--port', flags.port],
    socket_path: ['--socket-path', flags.socketPath],
    log_level: ['--log-level', flags.logLevel],
    log_file: ['--log-file', flags.logFile],
  });
}

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
