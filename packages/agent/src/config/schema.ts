// The file of credence-agent: its sections and keys, which are SPIRE's, and what each accepts.
import { TrustDomain } from '@credence/sdk/spiffeid';
import { parsedBy, unknownKeys } from '@credence/sdk/daemon';
import { durationMs, host, logLevel, path, port } from '@credence/sdk/daemon/config-values';
import { monitoringShapes } from '@credence/sdk/daemon/monitoring';
import { z } from 'zod';
import { workloadKeyTypes } from '../settings.js';
import { adminShape } from './admin.js';
import { joinToken, nodeAttestorsShape } from './node-attestors.js';
import { rateLimitSchema } from './rate-limits.js';
import { sdsShape } from './sds.js';
import { trustBundleShape } from './trust-bundle.js';
import { workloadAttestorsShape } from './workload-attestors.js';

const shortestAvailabilityMs = 24 * 3_600_000;
const experimentalShape = {
  sync_interval: durationMs.optional(),
  watch_changes: z.boolean().optional(),
  ratelimit: rateLimitSchema,
};
const agentShape = {
  trust_domain: z.string().transform(parsedBy((text) => TrustDomain.parse(text), 'example.org')),
  server_address: host('::1'),
  server_port: port(1),
  data_dir: path,
  socket_path: path,
  ...adminShape,
  ...trustBundleShape,
  join_token: joinToken,
  join_token_file: z.string().min(1, 'an empty path; a path or - is accepted'),
  log_level: logLevel,
  log_file: path,
  workload_x509_svid_key_type: z.enum(workloadKeyTypes),
  persist_workload_identities: z.boolean(),
  availability_target: durationMs.refine((ms) => ms >= shortestAvailabilityMs, 'too short; 24h or more is accepted'),
  x509_svid_cache_max_size: z.int().positive('not a number of X.509-SVIDs; 1 or more is accepted'),
  jwt_svid_cache_max_size: z.int().positive('not a number of JWT-SVIDs; 1 or more is accepted'),
  allow_unauthenticated_verifiers: z.boolean(),
  ...sdsShape,
  allowed_foreign_jwt_claims: z.array(z.string().min(1, 'an empty name; the name of a claim is accepted')),
  experimental: z.strictObject(experimentalShape, unknownKeys(experimentalShape)),
};
const pluginsShape = {
  NodeAttestor: z
    .strictObject(nodeAttestorsShape, unknownKeys(nodeAttestorsShape))
    .refine((given) => Object.keys(given).length === 1, 'not one node attestor; join_token or x509pop is accepted')
    .optional(),
  WorkloadAttestor: z.strictObject(workloadAttestorsShape, unknownKeys(workloadAttestorsShape)).optional(),
};

/** The keys of its section `agent`. */
export const agentSectionSchema = z.strictObject(agentShape, unknownKeys(agentShape)).partial();
const fileShape = {
  agent: agentSectionSchema.optional(),
  plugins: z.strictObject(pluginsShape, unknownKeys(pluginsShape)).optional(),
  ...monitoringShapes,
};

/** The file: the sections `agent`, `plugins`, `health_checks` and `telemetry`. */
export const agentFileSchema = z.strictObject(fileShape, unknownKeys(fileShape));
