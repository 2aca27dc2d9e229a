// Whom signatures are trusted from: the authorities of Fulcio, the keys of the transparency logs, the timestamp
// authorities. An operator keeps them in a file, or The Update Framework brings them.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock, Logger } from '@credence/sdk/runtime';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { getTrustedRoot } from '@sigstore/tuf';
import { toTrustMaterial } from '@sigstore/verify';
import { KeptAnswer } from './kept-answer.js';
import { problem, reasonOf } from './problem.js';

export type TrustedRootSource =
  /** A Sigstore trusted root, JSON. */
  { readonly kind: 'file'; readonly path: string } | TufSource;

export interface TufSource {
  readonly kind: 'tuf';
  /** A URL, and the file of the first `root.json` there; undefined: those of the public Sigstore. */
  readonly repository: { readonly url: string; readonly rootPath: string } | undefined;
}

export interface TrustRootsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly source: TrustedRootSource;
  /** A folder of the agent's own, made when missing: what TUF brought, which is verified again when it is read. */
  readonly cachePath: string;
}

interface Found {
  readonly trust: TrustedRoot;
  readonly isFresh: boolean;
}

const freshMs = 24 * 60 * 60 * 1000;
// While the repository is not reached: each attempt takes seconds, and somebody waits for it.
const staleMs = 10 * 60 * 1000;

export class TrustRoots {
  readonly #options: TrustRootsOptions;
  #kept: KeptAnswer<Found> | undefined;

  constructor(options: TrustRootsOptions) {
    this.#options = options;
  }

  /**
   * A file is read each time, what TUF brought is kept for a day, and for longer while its repository is not reached.
   *
   * @throws ERR_ATTESTATION when there is none.
   */
  async current(): Promise<TrustedRoot> {
    const { clock, source } = this.#options;
    if (source.kind === 'file') return fromFile(source.path);
    if (this.#kept?.isCurrent !== true) {
      const found = this.#refreshed(source, this.#kept?.value);
      this.#kept = new KeptAnswer(clock, found, ({ isFresh }) => (isFresh ? freshMs : staleMs));
    }
    return (await this.#kept.value).trust;
  }

  async #refreshed(source: TufSource, last: Promise<Found> | undefined): Promise<Found> {
    const { log, cachePath } = this.#options;
    try {
      return { trust: await fromTuf(source, { cachePath, forceCache: false }), isFresh: true };
    } catch (cause) {
      const error = problem(`no trusted root from ${source.repository?.url ?? 'TUF'}: ${reasonOf(cause)}`);
      if (last === undefined && !(await isOnDisk(cachePath))) throw error;
      const kept = last?.then(({ trust }) => trust) ?? fromTuf(source, { cachePath, forceCache: true });
      const trust = await kept.catch(() => {
        throw error;
      });
      log.warn({ err: error }, 'sigstore trusted root not refreshed');
      return { trust, isFresh: false };
    }
  }
}

async function fromFile(path: string): Promise<TrustedRoot> {
  try {
    return checked(TrustedRoot.fromJSON(JSON.parse(await readFile(path, 'utf8'))));
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? 'it is not JSON' : reasonOf(cause);
    throw problem(`trusted_root_path ${path} holds no Sigstore trusted root: ${reason}`);
  }
}

// With `forceCache` from the disk, as long as its metadata have not expired.
async function fromTuf(
  { repository }: TufSource,
  { cachePath, forceCache }: { readonly cachePath: string; readonly forceCache: boolean },
): Promise<TrustedRoot> {
  const options = { cachePath, forceCache, timeout: 5000, retry: { retries: 1 } };
  const own = repository && { mirrorURL: repository.url, ...(await ownRoot(repository.rootPath, cachePath)) };
  return checked(await getTrustedRoot({ ...options, ...own }));
}

// With nothing there the library would do without looking for a newer root.
async function isOnDisk(cachePath: string): Promise<boolean> {
  const names = await readdir(cachePath, { recursive: true }).catch(() => []);
  return names.some((name) => basename(name) === 'timestamp.json');
}

// The library begins with a root once, and goes on from what it has then: another root begins in another folder. It keeps
// the mode of the file, too, in which it will have to write.
async function ownRoot(path: string, folder: string): Promise<{ rootPath: string; cachePath: string }> {
  const root = await readFile(path);
  const cachePath = join(folder, createHash('sha256').update(root).digest('hex').slice(0, 16));
  await mkdir(cachePath, { recursive: true, mode: 0o700 });
  const rootPath = join(cachePath, 'first-root.json');
  await writeFile(rootPath, root, { mode: 0o600 });
  return { rootPath, cachePath };
}

// What holds no certificates and keys is found out here, and not of each document that is held against it.
function checked(root: TrustedRoot): TrustedRoot {
  toTrustMaterial(root);
  return root;
}
