// What a registry is told in tests, and that no error tells it anybody else.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import type { Descriptor } from '../../dist/attestation/workload/sigstore/repository.js';

export const credentials = { username: 'robot', password: 'pa55-w0rd:ü' };
export const basic = `Basic ${Buffer.from('robot:pa55-w0rd:ü').toString('base64')}`;
export const token = 't0ken';
/** What a registry answers that nobody asked for. */
export const chatter = 'chatter of a registry';

const secrets = [credentials.password, basic.replace('Basic ', ''), token, chatter];

/** ERR_ATTESTATION, and nothing in it is a secret. */
export async function assertRefused(work: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(work, (error: Error & { readonly code?: string }) => {
    assert.match(error.message, message);
    assert.equal(error.code, 'ERR_ATTESTATION');
    const shown = inspect(error, { depth: Infinity, showHidden: true });
    for (const secret of secrets) assert.ok(!shown.includes(secret), shown);
    return true;
  });
}

export function descriptorOf(blob: Buffer): Descriptor {
  const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`;
  return { mediaType: 'text/plain', digest, size: blob.length };
}
