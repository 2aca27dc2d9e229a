// The certificate and the key by which a node proves itself: PEM files, or the X.509-SVID that a Workload API gives the
// agent. They are read for each attestation, so that they may be replaced at any time.
import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isKeyPair, parsePrivateKeyFile } from '@credence/sdk/keys';
import { Certificate } from '@credence/sdk/x509';
import { agentError } from '../../../domain/errors.js';

export type NodeIdentitySource =
  | {
      readonly kind: 'files';
      /** PEM: PKCS#8, SEC 1 or PKCS#1, unencrypted. */
      readonly privateKeyPath: string;
      /** PEM: the node's certificate; intermediates may follow it. */
      readonly certificatePath: string;
      /** PEM: further intermediates. */
      readonly intermediatesPath: string | undefined;
    }
  | { readonly kind: 'workload_api'; readonly address: string };

export interface NodeIdentity {
  /** Leaf first. */
  readonly certificates: readonly Certificate[];
  readonly key: KeyObject;
}

const fetchTimeoutMs = 10_000;

/** @throws ERR_BOOTSTRAP: there is none, or the key is not that of the certificate. */
export function readNodeIdentity(source: NodeIdentitySource): Promise<NodeIdentity> {
  return source.kind === 'files' ? readFiles(source) : fetchSvid(source.address);
}

async function readFiles(source: NodeIdentitySource & { readonly kind: 'files' }): Promise<NodeIdentity> {
  const { certificatePath, privateKeyPath, intermediatesPath } = source;
  const [leaf, ...following] = await read(certificatePath, parseCertificates);
  const intermediates = intermediatesPath === undefined ? [] : await read(intermediatesPath, parseCertificates);
  const key = await read(privateKeyPath, parsePrivateKeyFile);
  if (leaf === undefined) throw unusable(certificatePath, 'it holds no certificate');
  if (!isKeyPair(leaf.publicKeyInfo, key)) throw unusable(privateKeyPath, `the key is not that of ${certificatePath}`);
  return { certificates: [leaf, ...following, ...intermediates], key };
}

async function fetchSvid(address: string): Promise<NodeIdentity> {
  const { WorkloadApiClient } = await import('@credence/sdk');
  await using client = new WorkloadApiClient({ address });
  try {
    const svid = await client.fetchX509Svid({ timeoutMs: fetchTimeoutMs });
    return { certificates: svid.certificates, key: svid.privateKey };
  } catch (cause) {
    throw unusable(`the Workload API at ${address}`, (cause as Error).message, cause);
  }
}

function parseCertificates(pem: string): readonly Certificate[] {
  return Certificate.parsePem(pem);
}

async function read<T>(path: string, parse: (text: string) => T): Promise<T> {
  try {
    return parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw unusable(path, (cause as Error).message, cause);
  }
}

function unusable(source: string, problem: string, cause?: unknown): Error {
  return agentError('ERR_BOOTSTRAP', `x509pop: ${source} cannot be used: ${problem}`, { cause });
}
