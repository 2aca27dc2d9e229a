// The file of credence-agent: its sections and keys, which are SPIRE's, and what each accepts.
import { TrustDomain } from '@credence/sdk';
import { parsedBy, unknownKeys } from '@credence/sdk/daemon';
import { durationMs, host, logLevel, path, port } from '@credence/sdk/daemon/config-values';
import { z } from 'zod';
import { workloadKeyTypes } from '../settings.js';
import { joinToken, nodeAttestorsShape } from './node-attestors.js';
import { workloadAttestorsShape } from './workload-attestors.js';

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
};

/** The file: the sections `agent` and `plugins`. */
export const agentFileSchema = z.strictObject(fileShape, unknownKeys(fileShape));
