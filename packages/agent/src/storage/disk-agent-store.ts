// What an agent needs to come back after a restart without a new token: its SVID with the key, and the trust bundle.
import type { KeyObject } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrustDomain } from '@credence/sdk';
import { isKeyPair, parsePrivateKey } from '@credence/sdk/keys';
import { ensurePrivateDirectory, removeUnfinished, writeFileAtomic } from '@credence/sdk/runtime';
import { Certificate } from '@credence/sdk/x509';
import { parseAgentSvid, type AgentSvid } from '../domain/agent-svid.js';
import { rootBundle } from '../domain/root-bundle.js';
import type { TrustBundle } from '../domain/workload-identity.js';
import {
  damaged,
  encodeAgentData,
  encodeKeys,
  noAgentData,
  parseAgentData,
  parseKeys,
  type AgentData,
  type StoredKeys,
} from './agent-data.js';

const fileMode = 0o600;
const keyIds = ['agent-svid-A', 'agent-svid-B'] as const;

export interface DiskAgentStoreOptions {
  /** Made with mode 0700. */
  readonly directory: string;
  readonly trustDomain: TrustDomain;
}

/** What was found on disk. */
export interface StoredAgent {
  /** Undefined: never attested, removed, or the key is not there. It may have expired. */
  readonly svid: AgentSvid | undefined;
  readonly bundle: TrustBundle | undefined;
  /** Of the SVID and of the one before it, as PKCS#8 DER. */
  readonly privateKeys: readonly Buffer[];
}

/** agent-data.json and keys.json in one directory; each write survives a crash at the next instant. */
export class DiskAgentStore {
  readonly #directory: string;
  readonly #trustDomain: TrustDomain;
  #data: AgentData = noAgentData;
  #keys: StoredKeys = new Map();
  #writing: Promise<void> = Promise.resolve();

  constructor({ directory, trustDomain }: DiskAgentStoreOptions) {
    this.#directory = directory;
    this.#trustDomain = trustDomain;
  }

  /** @throws ERR_STORAGE when a file is damaged or belongs to another trust domain. */
  async load(): Promise<StoredAgent> {
    await ensurePrivateDirectory(this.#directory);
    for (const path of [this.#dataPath, this.#keysPath]) await removeUnfinished(path);
    this.#data = await this.#read(this.#dataPath, parseAgentData, noAgentData);
    this.#keys = await this.#read(this.#keysPath, parseKeys, new Map<string, Buffer>());
    return { svid: this.#storedSvid(), bundle: this.#storedBundle(), privateKeys: [...this.#keys.values()] };
  }

  /** The key is on disk before the SVID, under the ID that the SVID in use does not have. */
  storeSvid({ chain, privateKey, reattestable }: AgentSvid): Promise<void> {
    return this.#inOrder(async () => {
      const used = this.#keyOf(this.#data.svid[0])?.id;
      const free = used === keyIds[0] ? keyIds[1] : keyIds[0];
      const keys = new Map(this.#keys).set(free, privateKey);
      await writeFileAtomic(this.#keysPath, encodeKeys(keys), fileMode);
      this.#keys = keys;
      await this.#write({ ...this.#data, svid: chain, reattestable });
    });
  }

  /** The keys go first, and need no room on the disk to go. */
  removeSvid(): Promise<void> {
    return this.#inOrder(async () => {
      await rm(this.#keysPath, { force: true });
      this.#keys = new Map();
      await this.#write({ ...this.#data, svid: [], reattestable: false });
    });
  }

  /** Keeps the X.509 authorities. */
  storeBundle({ x509Authorities }: TrustBundle): Promise<void> {
    const bundle = x509Authorities.map(({ certificate }) => certificate);
    return this.#inOrder(() => this.#write({ ...this.#data, bundle }));
  }

  get #dataPath(): string {
    return join(this.#directory, 'agent-data.json');
  }

  get #keysPath(): string {
    return join(this.#directory, 'keys.json');
  }

  #storedSvid(): AgentSvid | undefined {
    const { svid: chain, reattestable } = this.#data;
    const key = this.#keyOf(chain[0]);
    if (key === undefined) return undefined;
    const svid = this.#parse(() => parseAgentSvid(chain, key.privateKey, reattestable));
    if (svid.id.isMemberOf(this.#trustDomain)) return svid;
    const other = svid.id.trustDomain.name;
    throw damaged(this.#dataPath, `it belongs to trust domain ${other}, not to ${this.#trustDomain.name}`);
  }

  #storedBundle(): TrustBundle | undefined {
    const { bundle } = this.#data;
    return bundle.length === 0 ? undefined : this.#parse(() => parseBundle(this.#trustDomain, bundle));
  }

  #keyOf(leaf: Buffer | undefined): { readonly id: string; readonly privateKey: KeyObject } | undefined {
    if (leaf === undefined) return undefined;
    const { publicKeyInfo } = this.#parse(() => Certificate.parse(leaf));
    for (const id of keyIds) {
      const stored = this.#keys.get(id);
      if (stored === undefined) continue;
      const privateKey = this.#parse(() => parsePrivateKey(stored), this.#keysPath);
      if (isKeyPair(publicKeyInfo, privateKey)) return { id, privateKey };
    }
    return undefined;
  }

  #parse<T>(parse: () => T, path = this.#dataPath): T {
    try {
      return parse();
    } catch (error) {
      throw damaged(path, 'what it holds does not parse', error);
    }
  }

  async #read<T>(path: string, parse: (path: string, text: string) => T, absent: T): Promise<T> {
    try {
      return parse(path, await readFile(path, 'utf8'));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return absent;
      throw error;
    }
  }

  async #write(data: AgentData): Promise<void> {
    await writeFileAtomic(this.#dataPath, encodeAgentData(data), fileMode);
    this.#data = data;
  }

  #inOrder(write: () => Promise<void>): Promise<void> {
    const written = this.#writing.then(write);
    this.#writing = written.catch(() => undefined);
    return written;
  }
}

function parseBundle(trustDomain: TrustDomain, certificates: readonly Buffer[]): TrustBundle {
  return rootBundle(
    trustDomain,
    certificates.map((der) => Certificate.parse(der).raw),
  );
}
