// The x509pop attestor as an operator sets it up.
import type { X509BundleSource } from '@credence/sdk';
import { sdkError } from '@credence/sdk/runtime';
import { Certificate } from '@credence/sdk/x509';
import { readFile } from 'node:fs/promises';
import type { NodeAttestor } from '../node-attestor.js';
import { createX509PopAttestor, type X509PopOptions, type X509PopTrust } from './x509pop-attestor.js';

/** As X509PopOptions, with the authorities in files. */
export interface X509PopSetup extends Omit<X509PopOptions, 'trust'> {
  readonly trust:
    | { readonly mode: 'external_pki'; readonly caBundlePaths: readonly string[] }
    | { readonly mode: 'spiffe'; readonly svidPrefix: string };
  /** The bundle of the own trust domain. */
  readonly bundles: X509BundleSource;
}

/** @throws `ERR_CONFIG`: a file with authorities cannot be used. */
export async function openX509PopAttestor({ trust, bundles, ...options }: X509PopSetup): Promise<NodeAttestor> {
  return createX509PopAttestor({ ...options, trust: await loadTrust(trust, bundles) });
}

async function loadTrust(trust: X509PopSetup['trust'], bundles: X509BundleSource): Promise<X509PopTrust> {
  if (trust.mode === 'spiffe') return { ...trust, bundles };
  const authorities = await Promise.all(trust.caBundlePaths.map(loadAuthorities));
  return { mode: 'external_pki', authorities: authorities.flat() };
}

async function loadAuthorities(path: string): Promise<readonly Certificate[]> {
  try {
    const authorities = Certificate.parsePem(await readFile(path, 'utf8'));
    if (authorities.length === 0) throw new Error('it holds no certificate');
    return authorities;
  } catch (cause) {
    throw sdkError('ERR_CONFIG', `x509pop: the CA bundle ${path} cannot be used: ${(cause as Error).message}`, {
      cause,
    });
  }
}
