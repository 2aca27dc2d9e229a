// The two files of an agent's data directory, as SPIRE's agents write them: agent-data.json holds the SVID and the trust
// bundle, each certificate as the base64 of its PEM block; keys.json holds the private keys.
import { parsePem, toPem } from '@credence/sdk/x509';
import { z } from 'zod';
import { agentError } from '../domain/errors.js';

const certificates = z.array(z.base64());

const agentDataSchema = z.object({
  svid: certificates.default([]),
  bundle: certificates.default([]),
  reattestable: z.boolean().default(false),
});

const keysSchema = z.object({ keys: z.record(z.string(), z.base64()) });

/** Certificates as DER. */
export interface AgentData {
  /** Leaf first; empty: none. */
  readonly svid: readonly Buffer[];
  readonly bundle: readonly Buffer[];
  readonly reattestable: boolean;
}

export const noAgentData: AgentData = { svid: [], bundle: [], reattestable: false };

/** Private keys as PKCS#8 DER, by ID. */
export type StoredKeys = ReadonlyMap<string, Buffer>;

/** @throws ERR_STORAGE naming the file and what is wrong with it. */
export function parseAgentData(path: string, text: string): AgentData {
  const { svid, bundle, reattestable } = parseFile(path, text, agentDataSchema);
  return { svid: svid.map((pem) => fromPem(path, pem)), bundle: bundle.map((pem) => fromPem(path, pem)), reattestable };
}

export function encodeAgentData({ svid, bundle, reattestable }: AgentData): string {
  return `${JSON.stringify({ svid: svid.map(encodePem), bundle: bundle.map(encodePem), reattestable })}\n`;
}

/** @throws ERR_STORAGE naming the file and what is wrong with it. */
export function parseKeys(path: string, text: string): StoredKeys {
  const { keys } = parseFile(path, text, keysSchema);
  return new Map(Object.entries(keys).map(([id, key]) => [id, Buffer.from(key, 'base64')]));
}

export function encodeKeys(keys: StoredKeys): string {
  const entries = [...keys].map(([id, key]) => [id, key.toString('base64')]);
  return `${JSON.stringify({ keys: Object.fromEntries(entries) as Record<string, string> }, undefined, '\t')}\n`;
}

function parseFile<T>(path: string, text: string, schema: z.ZodType<T>): T {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw damaged(path, 'it is not JSON'); // the parser's own message quotes the content
  }
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  const fields = result.error.issues.map(({ path: field }) => field.join('.') || 'the document');
  throw damaged(path, `${[...new Set(fields)].join(', ')} is not as expected`);
}

function fromPem(path: string, encoded: string): Buffer {
  const [der, ...more] = pemBlocks(path, encoded);
  if (der === undefined || more.length > 0) throw damaged(path, 'a certificate is not one PEM block');
  return der;
}

function pemBlocks(path: string, encoded: string): readonly Buffer[] {
  try {
    return parsePem(Buffer.from(encoded, 'base64').toString('latin1'), 'CERTIFICATE');
  } catch (error) {
    throw damaged(path, 'a certificate is not a PEM block', error);
  }
}

function encodePem(der: Buffer): string {
  return Buffer.from(toPem(der, 'CERTIFICATE')).toString('base64');
}

/** An unusable file of the data directory. */
export function damaged(path: string, problem: string, cause?: unknown): Error {
  const advice = 'restore it, or remove the data directory and join again with a new join token';
  return agentError('ERR_STORAGE', `${path} is damaged: ${problem}; ${advice}`, { cause });
}
