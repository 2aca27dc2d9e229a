// How the server is recognised before it has told its authorities itself.
import { readFile } from 'node:fs/promises';
import { X509Bundle, type TrustDomain } from '@credence/sdk';
import { agentError } from '../domain/errors.js';
import { rootBundle } from '../domain/root-bundle.js';
import type { TrustBundle } from '../domain/workload-identity.js';

/**
 * Reads a file of PEM certificates.
 *
 * @throws ERR_BOOTSTRAP: there is no file, or it cannot be used.
 */
export async function loadTrustBundle(path: string | undefined, trustDomain: TrustDomain): Promise<TrustBundle> {
  if (path === undefined) {
    throw agentError(
      'ERR_BOOTSTRAP',
      'no trust bundle is stored: get one with "credence-server bundle show" and give its file with --trust-bundle',
    );
  }
  try {
    const { authorities } = X509Bundle.parsePem(trustDomain, await readFile(path, 'utf8'));
    return rootBundle(
      trustDomain,
      authorities.map(({ raw }) => raw),
    );
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw agentError('ERR_BOOTSTRAP', `trust bundle ${path} cannot be used: ${problem}`, { cause });
  }
}
