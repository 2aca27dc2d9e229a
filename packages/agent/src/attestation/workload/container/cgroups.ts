// What proc(5) says about the control groups of a process (cgroups(7)), and about the hierarchies that it sees mounted.
import { open } from 'node:fs/promises';
import { agentError } from '../../../domain/errors.js';

// A process may mount much, and each mount is a line.
const longestFile = 4 * 1024 * 1024;

/**
 * The paths of its control groups, one a hierarchy; none when there is no such file.
 *
 * @throws ERR_ATTESTATION for a file that cannot be understood, the error of the operating system.
 */
export async function readCgroups(procPath: string, pid: number): Promise<readonly string[]> {
  return parseCgroups(await readText(`${procPath}/${pid}/cgroup`));
}

/**
 * Which control groups it sees as the roots of hierarchies; none when there is no such file. Whoever may mount has
 * chosen them.
 *
 * @throws as {@link readCgroups}
 */
export async function readCgroupMounts(procPath: string, pid: number): Promise<readonly string[]> {
  return parseCgroupMounts(await readText(`${procPath}/${pid}/mountinfo`));
}

/** Lines `hierarchy:controllers:path`. The path may hold colons; a name with a line break is refused by the kernel. */
export function parseCgroups(text: string): readonly string[] {
  return linesOf(text).map((line) => {
    const path = /^\d+:[^:]*:(\/.*)$/.exec(line)?.[1];
    if (path === undefined) throw malformed('cgroup');
    return path;
  });
}

// Fixed fields, of which the fourth is the root, then optional ones, a separator, and the type. By single spaces: the
// source that follows may be empty. Splitting each line would take tens of milliseconds for what one process may mount.
const mount = /^\S+ \S+ \S+ (\S+) \S+ \S+ (?:\S+ )*?- (\S+) /;

/** The fourth field of the lines whose file system is one of control groups (proc_pid_mountinfo(5)). */
export function parseCgroupMounts(text: string): readonly string[] {
  return linesOf(text).flatMap((line) => {
    const [, root, type] = mount.exec(line) ?? [];
    if (root === undefined || type === undefined) throw malformed('mountinfo');
    return type === 'cgroup' || type === 'cgroup2' ? [root] : [];
  });
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

async function readText(path: string): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const chunks: Buffer[] = [];
    let length = 0;
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(64 * 1024));
      if (bytesRead === 0) return Buffer.concat(chunks).toString('latin1');
      length += bytesRead;
      if (length > longestFile) throw agentError('ERR_ATTESTATION', `${path} is longer than ${longestFile} bytes`);
      chunks.push(buffer.subarray(0, bytesRead));
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

function malformed(name: string): Error {
  return agentError('ERR_ATTESTATION', `the ${name} file of the process has a line of another form`);
}
