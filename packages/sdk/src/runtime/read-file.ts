// Files that hold certificates, keys and bundles: small, and read whole.
import { readFile } from 'node:fs/promises';

/** The bytes of a file; rejects as node:fs does. */
export async function readBytes(path: string): Promise<Buffer> {
  return readFile(path);
}
