// The SDK as its users get it: packed by npm and unpacked into a folder of its own, where nothing but its dependencies is.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Child } from './child.js';
import { repository } from './source-tree.js';

const run = promisify(execFile);

/** What a program in the folder needs to run besides `PATH`. */
type Environment = Readonly<Record<string, string>>;

export interface Manifest {
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
}

/** Owns the folder: an empty project with `@credence/sdk` installed. */
export class PackedSdk implements AsyncDisposable {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly #children: Child[] = [];

  private constructor(folder: string, manifest: Manifest) {
    this.folder = folder;
    this.manifest = manifest;
  }

  /**
   * Without the network: dependencies are links to those of the repository, which npm resolved by the same ranges.
   * `others` are packages that the project uses beside the SDK.
   */
  static async install(others: readonly string[] = []): Promise<PackedSdk> {
    const folder = await mkdtemp(join(tmpdir(), 'credence-packed-'));
    const target = join(folder, 'node_modules/@credence/sdk');
    await mkdir(target, { recursive: true });
    const packing = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
    const { stdout } = await run('npm', packing, { cwd: join(repository, 'packages/sdk') });
    await run('tar', ['-xzf', join(folder, stdout.trim()), '-C', target, '--strip-components', '1']);
    const manifest = JSON.parse(await readFile(join(target, 'package.json'), 'utf8')) as Manifest;
    for (const name of [...Object.keys(manifest.dependencies), ...peersOf(manifest), ...others])
      await link(folder, name);
    await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    return new PackedSdk(folder, manifest);
  }

  /** The folder of the package itself. */
  get package(): string {
    return join(this.folder, 'node_modules/@credence/sdk');
  }

  /** Writes a file of the project. */
  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.folder, name), text);
  }

  /** Compiles files of the project with the strictest settings, declarations of libraries included. */
  async compile(files: readonly string[], settings: readonly string[] = ['--module', 'nodenext']): Promise<void> {
    const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--target', 'es2022'];
    const lib = ['--lib', 'es2023,esnext.disposable', '--types', 'node', '--pretty', 'false'];
    const tsc = join(repository, 'node_modules/typescript/bin/tsc');
    const { code, stdout } = await this.node([tsc, ...strict, ...lib, ...settings, ...files]).finished;
    if (code !== 0) throw new Error(stdout);
  }

  /** Runs Node in the project. */
  node(args: readonly string[], env: Environment = {}): Child {
    const child = new Child(process.execPath, args, {
      cwd: this.folder,
      env: { PATH: process.env['PATH'] ?? '', ...env },
    });
    this.#children.push(child);
    return child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) await child[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }
}

// npm installs a package's peers, but for the optional ones.
function peersOf({ peerDependencies, peerDependenciesMeta }: Manifest): readonly string[] {
  return Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true);
}

async function link(folder: string, name: string): Promise<void> {
  const place = join(folder, 'node_modules', name);
  await mkdir(join(place, '..'), { recursive: true });
  await symlink(join(repository, 'node_modules', name), place);
}
