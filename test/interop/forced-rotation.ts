// A forced rotation of a server's X.509 authority, step by step, and what an agent and its workloads have to make of each.
import assert from 'node:assert/strict';
import { X509Source } from '@credence/sdk';
import type { Certificate } from '@credence/sdk/x509';
import { until } from '../support/until.js';

export interface RotationOptions {
  /** Runs `localauthority` on the server; answers what it prints. */
  readonly authority: (...args: string[]) => Promise<string>;
  /** The agent's, of which this process is a workload. */
  readonly socket: string;
  /** The agent's own X.509-SVID. */
  readonly own: () => Promise<Certificate | undefined>;
}

/** Prepares, activates, taints and revokes, each once what came before has arrived. */
export async function forceRotation({ authority, socket, own }: RotationOptions): Promise<void> {
  await using source = await X509Source.create({ address: `unix://${socket}` });
  const signer = (): string => source.getX509Svid().leaf.authorityKeyId!.toString('hex');
  const roots = (): string[] =>
    source
      .getX509BundleForTrustDomain(source.getX509Svid().id.trustDomain)
      .authorities.map(({ subjectKeyId }) => subjectKeyId!.toString('hex'));
  const first = firstIdIn(await authority('x509', 'show'));
  assert.equal(signer(), first);
  const next = firstIdIn(await authority('x509', 'prepare'));
  await until('the new authority to be known', () => roots().includes(next), 30);
  await authority('x509', 'activate', '-authorityID', next);
  await authority('x509', 'taint', '-authorityID', first);
  await until('an SVID of the new authority', () => signer() === next, 30);
  const ownSigner = async () => (await own())?.authorityKeyId?.toString('hex');
  await until('an SVID of the agent of the new authority', async () => (await ownSigner()) === next, 30);
  await authority('x509', 'revoke', '-authorityID', first);
  await until('the old authority to be unknown', () => roots().length === 1, 30);
  assert.deepEqual(roots(), [next]);
}

/** The first authority that `localauthority` names. */
export function firstIdIn(printed: string): string {
  return /Authority ID: (\w+)/.exec(printed)?.[1] ?? assert.fail(printed);
}
