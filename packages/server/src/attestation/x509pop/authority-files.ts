// The authorities of a PKI in PEM files, read again when a file has changed: an authority that was taken out is not
// believed any more, and one that was added is, without a restart.
import { readFile, stat } from 'node:fs/promises';
import { sdkError, type Logger } from '@credence/sdk/runtime';
import { Certificate } from '@credence/sdk/x509';

export class AuthorityFiles {
  readonly #paths: readonly string[];
  readonly #log: Logger;
  #authorities: readonly Certificate[] = [];
  /** What the files looked like when they were last read. */
  #seen = '';

  private constructor(paths: readonly string[], log: Logger) {
    this.#paths = paths;
    this.#log = log;
  }

  /** @throws `ERR_CONFIG`: a file cannot be used */
  static async open(paths: readonly string[], log: Logger): Promise<AuthorityFiles> {
    const files = new AuthorityFiles(paths, log);
    await files.#read(await files.#look());
    return files;
  }

  /** As the files are now. One that cannot be used changes nothing, and the log says so once. */
  async authorities(): Promise<readonly Certificate[]> {
    const look = await this.#look();
    if (look === this.#seen) return this.#authorities;
    try {
      await this.#read(look);
      this.#log.info({ paths: this.#paths }, 'x509pop: the CA bundle was read again');
    } catch (error) {
      this.#log.error({ err: error }, 'x509pop: the CA bundle has changed and cannot be used; the old one stays');
      this.#seen = look;
    }
    return this.#authorities;
  }

  async #look(): Promise<string> {
    const looks = await Promise.all(this.#paths.map((path) => stat(path, { bigint: true }).catch(() => undefined)));
    return looks.map((file) => (file ? `${file.ino}:${file.size}:${file.mtimeNs}` : 'missing')).join();
  }

  async #read(look: string): Promise<void> {
    const read = await Promise.all(this.#paths.map(readAuthorities));
    this.#authorities = read.flat();
    this.#seen = look;
  }
}

async function readAuthorities(path: string): Promise<readonly Certificate[]> {
  try {
    const authorities = Certificate.parsePem(await readFile(path, 'utf8'));
    if (authorities.length === 0) throw new Error('it holds no certificate');
    return authorities;
  } catch (cause) {
    throw sdkError('ERR_CONFIG', `x509pop: the CA bundle ${path} cannot be used: ${(cause as Error).message}`, {
      cause,
    });
  }
}
