// How often workloads may call: the keys of `agent.experimental.ratelimit`.
import { unknownKeys } from '@credence/sdk/daemon';
import { z } from 'zod';
import type { RateLimits } from '../domain/rate-limits.js';

const limit = z.int().nonnegative('not a number of calls a second; 0 (any number) or more is accepted').optional();
const shape = {
  fetch_x509_svid: limit,
  fetch_x509_bundles: limit,
  fetch_jwt_svid: limit,
  fetch_jwt_bundles: limit,
  stream_secrets: limit,
  fetch_secrets: limit,
};

export const rateLimitSchema = z.strictObject(shape, unknownKeys(shape)).optional();

export function rateLimitsOf(keys: z.output<typeof rateLimitSchema> = {}): RateLimits {
  return {
    fetchX509Svid: keys.fetch_x509_svid,
    fetchX509Bundles: keys.fetch_x509_bundles,
    fetchJwtSvid: keys.fetch_jwt_svid,
    fetchJwtBundles: keys.fetch_jwt_bundles,
    streamSecrets: keys.stream_secrets,
    fetchSecrets: keys.fetch_secrets,
  };
}
