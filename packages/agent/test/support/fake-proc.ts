// A folder that looks like proc(5) for one process, or a few.
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from './endpoint.js';

export class FakeProc implements AsyncDisposable {
  readonly path: string;
  readonly pid = 4242;

  private constructor(path: string) {
    this.path = path;
  }

  static async create(): Promise<FakeProc> {
    const fake = new FakeProc(await temporaryFolder());
    await mkdir(join(fake.path, String(fake.pid)));
    return fake;
  }

  async write(name: 'stat' | 'status' | 'cgroup' | 'mountinfo', text: string, pid = this.pid): Promise<void> {
    await mkdir(join(this.path, String(pid)), { recursive: true });
    await writeFile(join(this.path, String(pid), name), text);
  }

  async setMountNamespace(inode: number, pid = this.pid): Promise<void> {
    await mkdir(join(this.path, String(pid), 'ns'), { recursive: true });
    await symlink(`mnt:[${inode}]`, join(this.path, String(pid), 'ns', 'mnt'));
  }

  async setExecutable(path: string): Promise<void> {
    await rm(join(this.path, String(this.pid), 'exe'), { force: true });
    await symlink(path, join(this.path, String(this.pid), 'exe'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** A line of proc_pid_stat(5). */
export function statLine(name: string, startTime: string): string {
  const between = Array.from({ length: 18 }, (_, index) => String(index + 1));
  return `4242 (${name}) S ${between.join(' ')} ${startTime} 1 2 3\n`;
}

/** As much of proc_pid_status(5) as counts. */
export function statusText(uid: number, gid: number, groups: readonly number[] = []): string {
  return [
    'Name:\tnode',
    'State:\tS (sleeping)',
    `Uid:\t1\t${uid}\t2\t3`,
    `Gid:\t4\t${gid}\t5\t6`,
    'FDSize:\t64',
    `Groups:\t${groups.join(' ')} `,
    'NStgid:\t4242',
    '',
  ].join('\n');
}
