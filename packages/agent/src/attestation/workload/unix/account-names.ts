// Names of users and groups, from passwd(5) and group(5). A file is read again when it was changed; to look whether it was
// takes microseconds, where a promise takes hundreds.
import { readFileSync, statSync } from 'node:fs';

/** The names in one file of lines `name:password:number:…`. */
export class AccountNames {
  readonly #path: string;
  #version = '';
  #names: ReadonlyMap<number, string> = new Map();

  constructor(path: string) {
    this.#path = path;
  }

  /** The name of a number; undefined when the file does not say, or is missing. @throws when it cannot be read. */
  nameOf(id: number): string | undefined {
    return this.#load().get(id);
  }

  #load(): ReadonlyMap<number, string> {
    try {
      const { ino, size, mtimeNs, ctimeNs } = statSync(this.#path, { bigint: true });
      const version = [ino, size, mtimeNs, ctimeNs].join();
      if (version !== this.#version) {
        this.#names = parseAccountNames(readFileSync(this.#path, 'utf8'));
        this.#version = version;
      }
      return this.#names;
    } catch (error) {
      // Without a file there are still numbers. A file that cannot be read just now does not mean that nobody has a name.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map();
      throw error;
    }
  }
}

/** Number to name; of two lines with the same number the first counts, as for getpwuid(3). */
export function parseAccountNames(text: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name = '', , number = ''] = line.split(':');
    // Lines with + and - are instructions to the name service, those with # comments.
    if (!/^[^+\-#\s]/.test(name) || !/^\d{1,10}$/.test(number)) continue;
    const id = Number(number);
    if (!names.has(id)) names.set(id, name);
  }
  return names;
}
