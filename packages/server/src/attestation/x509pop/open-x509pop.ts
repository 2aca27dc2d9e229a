// The x509pop attestor as an operator sets it up.
import type { X509BundleSource } from '@credence/sdk';
import type { Logger } from '@credence/sdk/runtime';
import type { NodeAttestor } from '../node-attestor.js';
import { AuthorityFiles } from './authority-files.js';
import { createX509PopAttestor, type X509PopOptions, type X509PopTrust } from './x509pop-attestor.js';

/** As X509PopOptions, with the authorities in files. */
export interface X509PopSetup extends Omit<X509PopOptions, 'trust'> {
  readonly trust:
    | { readonly mode: 'external_pki'; readonly caBundlePaths: readonly string[] }
    | { readonly mode: 'spiffe'; readonly svidPrefix: string };
  /** The bundle of the own trust domain. */
  readonly bundles: X509BundleSource;
  readonly log: Logger;
}

/** @throws `ERR_CONFIG`: a file with authorities cannot be used. */
export async function openX509PopAttestor({ trust, bundles, log, ...options }: X509PopSetup): Promise<NodeAttestor> {
  return createX509PopAttestor({ ...options, trust: await openTrust(trust, bundles, log) });
}

async function openTrust(trust: X509PopSetup['trust'], bundles: X509BundleSource, log: Logger): Promise<X509PopTrust> {
  if (trust.mode === 'spiffe') return { ...trust, bundles };
  const files = await AuthorityFiles.open(trust.caBundlePaths, log);
  return { mode: 'external_pki', authorities: () => files.authorities() };
}
