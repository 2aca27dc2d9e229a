// Whether the files that a helper keeps are good, from the files alone: it needs neither the helper nor the agent.
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { X509Svid } from '@credence/sdk';
import type { HelperSettings } from './settings.js';
import { currentVersion } from './versioned-directory.js';

// Agents renew at half of a life; what has so little left was not renewed.
const leastShareLeft = 0.25;

/**
 * The X.509-SVID in the files.
 *
 * @throws Error that says what is wrong: they are missing, do not belong together, have expired, or should have been
 * renewed long ago.
 */
export async function checkFiles({ directory, files }: HelperSettings, now: Date): Promise<X509Svid> {
  const folder = await realpath(join(directory.path, currentVersion));
  const svid = await X509Svid.load(join(folder, files.certificates), join(folder, files.key));
  const { notBefore, expiresAt } = svid;
  const leftMs = expiresAt.getTime() - now.getTime();
  if (leftMs <= 0) throw new Error(`the X.509-SVID expired at ${expiresAt.toISOString()}`);
  if (leftMs < leastShareLeft * (expiresAt.getTime() - notBefore.getTime())) {
    throw new Error(`the X.509-SVID expires at ${expiresAt.toISOString()} and should have been renewed by now`);
  }
  return svid;
}
