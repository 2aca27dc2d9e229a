// A user without privileges in a new folder of their own, who types commands: what prose promises is tested as one.
import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, readdir, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child, type Finished } from './child.js';
import { repository } from './source-tree.js';
import { until } from './until.js';

export interface NewUserOptions {
  /** False: root stays root. */
  readonly unprivileged?: boolean;
}

// No account has it.
const uidForRoot = 64_104;

/** Owns a home folder, in which `npx` finds the commands of this repository. */
export class NewUser implements AsyncDisposable {
  readonly home: string;
  readonly uid: number;
  readonly #children: Child[] = [];

  private constructor(home: string, uid: number) {
    this.home = home;
    this.uid = uid;
  }

  /** Root becomes somebody else, unless that one could not reach Node or the repository. */
  static async create({ unprivileged = true }: NewUserOptions = {}): Promise<NewUser> {
    const home = await mkdtemp(join(tmpdir(), 'credence-user-'));
    const folders = [home, join(home, 'tmp'), join(home, 'run')];
    for (const folder of folders.slice(1)) await mkdir(folder);
    for (const folder of folders) await chmod(folder, 0o755);
    await symlink(join(repository, 'node_modules'), join(home, 'node_modules'));
    if (process.getuid?.() !== 0 || !unprivileged || !isReachable(home))
      return new NewUser(home, process.getuid?.() ?? 0);
    for (const folder of folders) await chown(folder, uidForRoot, uidForRoot);
    return new NewUser(home, uidForRoot);
  }

  /** TMPDIR: where a program that leaves nothing behind leaves nothing. */
  get temporary(): string {
    return join(this.home, 'tmp');
  }

  get runtime(): string {
    return join(this.home, 'run');
  }

  get env(): Readonly<Record<string, string>> {
    const places = { HOME: this.home, TMPDIR: this.temporary, XDG_RUNTIME_DIR: this.runtime };
    const npm = { npm_config_offline: 'true', npm_config_update_notifier: 'false' };
    // Root's sockets would be those of the machine.
    const sockets = {
      CREDENCE_SERVER_SOCKET: `${this.runtime}/admin.sock`,
      CREDENCE_AGENT_SOCKET: `${this.runtime}/api.sock`,
    };
    return { PATH: process.env['PATH'] ?? '', ...places, ...npm, ...(this.uid === 0 && sockets) };
  }

  /** A command line, in the shell, in a process group of its own as a terminal makes it. */
  type(line: string, env: Readonly<Record<string, string>> = {}): Child {
    const other = this.uid !== process.getuid?.() && { uid: this.uid, gid: this.uid };
    const options = { cwd: this.home, env: { ...this.env, ...env }, detached: true, ...other };
    const child = new Child('/bin/sh', ['-c', line], options);
    this.#children.push(child);
    return child;
  }

  /** As `type`, to its end. */
  run(line: string, env?: Readonly<Record<string, string>>): Promise<Finished> {
    return this.type(line, env).finished;
  }

  /** What Ctrl-C does: the signal goes to the whole process group. */
  async interrupt(child: Child): Promise<Finished> {
    process.kill(-child.pid, 'SIGINT');
    await until('the interrupted command ends', () => !child.running);
    return child.finished;
  }

  /** Processes that were started by what this user typed and live on. */
  async processes(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      if (environment.split('\0').includes(`HOME=${this.home}`)) found.push(pid);
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pid } of this.#children) killGroup(pid);
    await Promise.all(this.#children.map(({ finished }) => finished));
    await rm(this.home, { recursive: true, force: true });
  }
}

function isReachable(home: string): boolean {
  const uses = 'node --version && npx --version && test -r node_modules/.bin/tsc';
  return (
    spawnSync('/bin/sh', ['-c', uses], {
      cwd: home,
      uid: uidForRoot,
      gid: uidForRoot,
      env: { PATH: process.env['PATH'], HOME: home },
    }).status === 0
  );
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left in it.
  }
}

/** `preferred` where nothing listens on it, otherwise a port that is free. */
export async function choosePort(preferred: number): Promise<number> {
  return (await tryPort(preferred)) ?? (await tryPort(0)) ?? 0;
}

function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer().on('error', () => {
      resolve(undefined);
    });
    probe.listen(port, '0.0.0.0', () => {
      const address = probe.address();
      probe.close(() => {
        resolve(typeof address === 'object' ? address?.port : undefined);
      });
    });
  });
}
