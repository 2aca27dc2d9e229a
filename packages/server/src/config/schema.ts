// The file of credence-server: its sections and keys, which are SPIRE's, and what each accepts.
import { SpiffeId, TrustDomain } from '@credence/sdk/spiffeid';
import { parsedBy, unknownKeys } from '@credence/sdk/daemon';
import { durationMs, host, logLevel, path, port } from '@credence/sdk/daemon/config-values';
import { monitoringShapes } from '@credence/sdk/daemon/monitoring';
import { z } from 'zod';
import { federationSchema } from './federation.js';
import { keyManagerSchema } from './key-manager.js';
import { nodeAttestorSchema } from './node-attestors.js';
import { upstreamAuthoritySchema } from './upstream-authority.js';

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
/** The keys of its section `server`. */
export const serverSectionSchema = z.strictObject(serverShape, unknownKeys(serverShape)).partial();
const pluginsShape = {
  KeyManager: keyManagerSchema,
  NodeAttestor: nodeAttestorSchema,
  UpstreamAuthority: upstreamAuthoritySchema,
};
const fileShape = {
  server: serverSectionSchema.optional(),
  plugins: z.strictObject(pluginsShape, unknownKeys(pluginsShape)).optional(),
  ...monitoringShapes,
};

/** The file: the sections `server`, `plugins`, `health_checks` and `telemetry`. */
export const serverFileSchema = z.strictObject(fileShape, unknownKeys(fileShape));
