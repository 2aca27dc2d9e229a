// Which program a process runs: the path, and a digest of the very file that was executed.
import { createHash } from 'node:crypto';
import { open, readlink } from 'node:fs/promises';
import { agentError } from '../../../domain/errors.js';

// Small enough that hashing one chunk does not keep other callers waiting.
const chunkBytes = 256 * 1024;

/** @throws the error of the operating system. */
export function executablePath(procPath: string, pid: number): Promise<string> {
  return readlink(`${procPath}/${pid}/exe`);
}

/**
 * SHA-256 of the executable, lower-case hexadecimal. Read through proc(5), so that it is the file that runs, whatever
 * is at its path by now, and whatever mounts the process sees.
 *
 * @param limitBytes a larger file is refused; 0: no limit.
 * @throws ERR_ATTESTATION for a file that is too large, the error of the operating system, `signal.reason`.
 */
export async function executableDigest(
  procPath: string,
  pid: number,
  limitBytes: number,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256');
  const chunk = Buffer.allocUnsafe(chunkBytes);
  await using file = await open(`${procPath}/${pid}/exe`, 'r');
  // Before it is read, which is what a large file must not cause; and while it is, since files grow.
  checkSize((await file.stat()).size, limitBytes);
  for (let total = 0; ;) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(chunk, 0, chunkBytes, null);
    if (bytesRead === 0) return hash.digest('hex');
    total += bytesRead;
    checkSize(total, limitBytes);
    hash.update(chunk.subarray(0, bytesRead));
  }
}

function checkSize(bytes: number, limitBytes: number): void {
  if (limitBytes > 0 && bytes > limitBytes) {
    throw agentError('ERR_ATTESTATION', `the executable is larger than workload_size_limit, ${limitBytes} bytes`);
  }
}
