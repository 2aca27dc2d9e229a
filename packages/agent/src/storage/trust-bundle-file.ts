// A trust bundle in a file.
import { readFile } from 'node:fs/promises';
import type { TrustDomain } from '@credence/sdk';
import { agentError } from '../domain/errors.js';
import type { TrustBundle } from '../domain/workload-identity.js';
import type { TrustBundleFile } from '../settings.js';
import { parseTrustBundle } from './trust-bundle-text.js';

/** @throws ERR_BOOTSTRAP: there is no file, or it cannot be used. */
export async function loadTrustBundleFile(
  { path, format }: TrustBundleFile,
  trustDomain: TrustDomain,
): Promise<TrustBundle> {
  try {
    return parseTrustBundle(trustDomain, await readFile(path, 'utf8'), format);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw agentError('ERR_BOOTSTRAP', `trust bundle ${path} cannot be used: ${problem}`, { cause });
  }
}
