// Whom a process acts for, from proc_pid_status(5).
import { agentError } from '../../../domain/errors.js';

export interface ProcessStatus {
  /** Effective. */
  readonly uid: number;
  readonly gid: number;
  readonly supplementaryGids: readonly number[];
}

/** @throws ERR_ATTESTATION when `text` is not such a file. */
export function parseProcessStatus(text: string): ProcessStatus {
  // Each line holds the real, effective, saved and file system id.
  const [, uid] = numbers(text, 'Uid', 4);
  const [, gid] = numbers(text, 'Gid', 4);
  if (uid === undefined || gid === undefined) throw malformed('Uid or Gid');
  return { uid, gid, supplementaryGids: numbers(text, 'Groups') };
}

// The name of the process comes before these lines, with its line breaks escaped: no process can forge one.
function numbers(text: string, key: string, count?: number): readonly number[] {
  const line = new RegExp(`^${key}:((?:[ \\t]+\\d{1,10})*)[ \\t]*$`, 'm').exec(text);
  if (line === null) throw malformed(key);
  const found = (line[1] ?? '').split(/[ \t]+/).filter((word) => word !== '');
  if (count !== undefined && found.length !== count) throw malformed(key);
  return found.map(Number);
}

function malformed(key: string): Error {
  return agentError('ERR_ATTESTATION', `the status file of the process has no usable ${key}`);
}
