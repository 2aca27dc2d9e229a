// A repository of The Update Framework 1.0 on loopback, whose roles share one Ed25519 key. It serves one target.
import { createHash, generateKeyPair, sign, type KeyPairKeyObjectResult } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';

const roles = ['root', 'timestamp', 'snapshot', 'targets'] as const;
export type TufRole = (typeof roles)[number];

/** What is odd about what is published. */
export interface TufChange {
  /** Of the timestamp, the snapshot and the targets. Default: 1. */
  readonly version?: number;
  readonly expired?: TufRole;
  /** Signed by a key that the root does not name. */
  readonly forged?: TufRole;
  /** Served in place of the target that is signed for. */
  readonly served?: string;
}

const makeKeys = promisify(generateKeyPair);
const keyId = 'the-key';

export class FakeTuf implements AsyncDisposable {
  readonly url: string;
  /** What it serves, by path; anything else is 404. */
  readonly files = new Map<string, string>();
  readonly requests: string[] = [];
  readonly #server: Server;
  readonly #own: KeyPairKeyObjectResult;
  readonly #foreign: KeyPairKeyObjectResult;

  private constructor(server: Server, own: KeyPairKeyObjectResult, foreign: KeyPairKeyObjectResult) {
    [this.#server, this.#own, this.#foreign] = [server, own, foreign];
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', ({ url = '' }, response) => {
      this.requests.push(url);
      const file = this.files.get(url);
      response.writeHead(file === undefined ? 404 : 200).end(file);
    });
  }

  static async start(): Promise<FakeTuf> {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new FakeTuf(server, await makeKeys('ed25519'), await makeKeys('ed25519'));
  }

  /** The `root.json` of a version, which the others follow from. */
  root(version = 1, change: TufChange = {}): string {
    const keyval = { public: this.#own.publicKey.export({ type: 'spki', format: 'der' }).toString('hex').slice(-64) };
    const key = { keytype: 'ed25519', scheme: 'ed25519', keyval };
    const named = Object.fromEntries(roles.map((role) => [role, { keyids: [keyId], threshold: 1 }]));
    return this.#signed('root', version, { keys: { [keyId]: key }, roles: named, consistent_snapshot: false }, change);
  }

  /** Serves a target, and all that has to be signed for it, in place of what was there. */
  publish(name: string, target: string, change: TufChange = {}): void {
    const { version = 1, served = target } = change;
    const hashes = { sha256: createHash('sha256').update(target).digest('hex') };
    const targets = { [name]: { length: Buffer.byteLength(target), hashes } };
    this.files.set(`/targets/${name}`, served);
    this.files.set('/targets.json', this.#signed('targets', version, { targets }, change));
    const metaOf = (name: string): object => ({ meta: { [name]: { version } } });
    this.files.set('/snapshot.json', this.#signed('snapshot', version, metaOf('targets.json'), change));
    this.files.set('/timestamp.json', this.#signed('timestamp', version, metaOf('snapshot.json'), change));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #signed(role: TufRole, version: number, content: object, { expired, forged }: TufChange): string {
    const expires = role === expired ? '2020-01-01T00:00:00Z' : '2999-01-01T00:00:00Z';
    const signed = { _type: role, spec_version: '1.0.31', version, expires, ...content };
    const { privateKey } = role === forged ? this.#foreign : this.#own;
    const sig = sign(null, Buffer.from(canonical(signed)), privateKey);
    return JSON.stringify({ signed, signatures: [{ keyid: keyId, sig: sig.toString('hex') }] });
  }
}

// Canonical JSON, of what needs no escapes: the keys in order.
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
}
