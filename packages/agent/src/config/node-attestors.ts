// How the node proves itself: the keys of `plugins.NodeAttestor`, and the join token.
import { resolve } from 'node:path';
import { unknownKeys, usageError } from '@credence/sdk/daemon';
import { path } from '@credence/sdk/daemon/config-values';
import { parseEndpoint } from '@credence/sdk/endpoint';
import { sdkError } from '@credence/sdk/runtime';
import { z } from 'zod';
import type { JoinTokenSource, NodeAttestationSettings, X509PopAttestationSettings } from '../settings.js';

/** A join token as it is written in a file or on the command line. */
export const joinToken = z.string().regex(/^[!-~]+$/, 'not a join token; printable ASCII without spaces is accepted');

const joinTokenPluginShape = { plugin_data: z.strictObject({}, unknownKeys({})).nullish() };
const x509PopShape = {
  private_key_path: path.optional(),
  certificate_path: path.optional(),
  intermediates_path: path.optional(),
  spiffe_endpoint_socket: z
    .string()
    .refine(isEndpoint, 'not an address; unix:///run/other-agent/api.sock is accepted')
    .optional(),
};
const x509PopPluginShape = { plugin_data: z.strictObject(x509PopShape, unknownKeys(x509PopShape)) };
// A key of YAML with nothing below it is null.
/** The keys of `plugins.NodeAttestor`. */
export const nodeAttestorsShape = {
  join_token: z.strictObject(joinTokenPluginShape, unknownKeys(joinTokenPluginShape)).nullish(),
  x509pop: z.strictObject(x509PopPluginShape, unknownKeys(x509PopPluginShape)).optional(),
};

interface TokenKeys {
  readonly join_token?: string | undefined;
  readonly join_token_file?: string | undefined;
}

/** @throws ERR_USAGE when the token is given twice, or standard input is not one. */
export async function joinTokenOf(
  keys: TokenKeys,
  readInput: () => Promise<string>,
): Promise<JoinTokenSource | undefined> {
  const { join_token: value, join_token_file: file } = keys;
  if (value !== undefined && file !== undefined) throw usageError('join_token and join_token_file exclude each other');
  if (file === '-') return { kind: 'value', value: parseInput(await readInput()) };
  if (file !== undefined) return { kind: 'file', path: resolve(file) };
  return value === undefined ? undefined : { kind: 'value', value };
}

function parseInput(text: string): string {
  const result = joinToken.safeParse(text.trim());
  if (result.success) return result.data;
  throw usageError('--join-token-file: standard input is not a join token; printable ASCII without spaces is accepted');
}

/** @throws ERR_USAGE when a token is given beside another node attestor. */
export function nodeAttestationOf(
  x509pop: z.output<typeof nodeAttestorsShape.x509pop>,
  token: JoinTokenSource | undefined,
): NodeAttestationSettings {
  if (x509pop === undefined) return { kind: 'join_token', token };
  if (token !== undefined) throw usageError('a join token and the node attestor x509pop exclude each other');
  return { kind: 'x509pop', identity: nodeIdentityOf(x509pop.plugin_data) };
}

function nodeIdentityOf(data: z.output<typeof x509PopPluginShape.plugin_data>): X509PopAttestationSettings['identity'] {
  const { private_key_path: privateKeyPath, certificate_path: certificatePath } = data;
  const { intermediates_path: intermediatesPath, spiffe_endpoint_socket: address } = data;
  const files = [privateKeyPath, certificatePath, intermediatesPath].filter((path) => path !== undefined);
  if (address !== undefined) {
    if (files.length > 0) throw misfit('spiffe_endpoint_socket and files exclude each other');
    return { kind: 'workload_api', address };
  }
  if (privateKeyPath === undefined || certificatePath === undefined) {
    throw misfit('private_key_path and certificate_path are needed, or spiffe_endpoint_socket');
  }
  return { kind: 'files', privateKeyPath, certificatePath, intermediatesPath };
}

function isEndpoint(address: string): boolean {
  try {
    parseEndpoint(address);
    return true;
  } catch {
    return false;
  }
}

function misfit(problem: string): Error {
  return sdkError('ERR_CONFIG', `plugins.NodeAttestor.x509pop.plugin_data: ${problem}`);
}
