// The source of the packages as the architecture tests see it: files, their rooms and what they import.
import { readFileSync, readdirSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
export const packages = ['sdk', 'server', 'agent'] as const;
export type PackageName = (typeof packages)[number];

export interface SourceFile {
  readonly package: PackageName;
  /** Below src, with forward slashes: `x509/certificate.ts`. */
  readonly path: string;
  /** The first folder of the path, or the file's own name at the top of src. */
  readonly room: string;
  readonly text: string;
  readonly imports: readonly string[];
}

export function sourceFiles(): readonly SourceFile[] {
  return packages.flatMap((name) => {
    const src = join(repository, 'packages', name, 'src');
    return readdirSync(src, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => relative(src, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .filter((path) => !path.startsWith('wire/gen/'))
      .map((path) => readSource(name, path, readFileSync(join(src, path), 'utf8')));
  });
}

/** The room that a relative import of this file leads to. */
export function roomOf(file: SourceFile, specifier: string): string {
  return posix.join(posix.dirname(file.path), specifier).split('/')[0] ?? '';
}

function readSource(name: PackageName, path: string, text: string): SourceFile {
  const imports = [...text.matchAll(/(?:from|import|import\()\s*'([^']+)'/g)].map((match) => match[1] ?? '');
  return { package: name, path, room: path.split('/')[0] ?? '', text, imports };
}
