// A daemon that serves as much of the Docker Engine API as the agent asks for, on a Unix socket in a temporary folder,
// in the shapes that the API's reference documents.
import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from './endpoint.js';

export interface FakeContainer {
  readonly Id: string;
  readonly Image: string;
  readonly State: { readonly Status: string; readonly Running: boolean; readonly Pid: number };
  readonly Config: {
    readonly Image: string;
    readonly Env: readonly string[] | null;
    readonly Labels: Readonly<Record<string, string>> | null;
  };
}

export const containerId = '4f797c539e6c745de61a93ca3ff892358ecbcaccd8414d5db545c38428142970';
export const imageId = `sha256:${'9ec39b91'.repeat(8)}`;

/** What GET /containers/{id}/json answers, without what nobody reads. */
export function containerOf(pid: number, change: Partial<FakeContainer> = {}): FakeContainer {
  return {
    Id: containerId,
    Image: imageId,
    State: { Status: 'running', Running: true, Pid: pid },
    Config: {
      Image: 'registry.example/web:1.2',
      Env: ['PATH=/usr/bin:/bin', 'MODE=blue=green'],
      Labels: { 'com.example.team': 'payments', 'com.example.url': 'https://example.org:8443' },
    },
    ...change,
  };
}

export class FakeEngine implements AsyncDisposable {
  readonly socketPath: string;
  /** Method and path of each request. */
  readonly requests: string[] = [];
  readonly containers = new Map<string, unknown>();
  readonly images = new Map<string, unknown>([[imageId, { Id: imageId, RepoTags: ['registry.example/web:1.2'] }]]);
  version: string | undefined = '1.44';
  /** Answers in place of the daemon what it returns true for. */
  misbehave: (path: string, response: ServerResponse) => boolean = () => false;
  readonly #folder: string;
  readonly #server: Server;

  private constructor(folder: string, socketPath: string) {
    this.#folder = folder;
    this.socketPath = socketPath;
    this.#server = createServer((request, response) => {
      const path = request.url ?? '';
      this.requests.push(`${request.method ?? ''} ${path}`);
      if (!this.misbehave(path, response)) this.#answer(path, response);
    });
  }

  /** @param path of the socket; in a folder of its own when left out. */
  static async start(path?: string): Promise<FakeEngine> {
    const folder = await temporaryFolder();
    const engine = new FakeEngine(folder, path ?? join(folder, 'engine.sock'));
    await once(engine.#server.listen(engine.socketPath), 'listening');
    return engine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #answer(path: string, response: ServerResponse): void {
    if (path === '/_ping') {
      response.writeHead(200, this.version === undefined ? {} : { 'Api-Version': this.version }).end('OK');
      return;
    }
    const [, version, noun, id] = /^\/v([0-9.]+)\/(containers|images)\/([^/]+)\/json$/.exec(path) ?? [];
    if (version !== '1.44' && version !== '1.24') {
      reply(response, 400, { message: `client version ${String(version)} is too new` });
      return;
    }
    const found = (noun === 'images' ? this.images : this.containers).get(id ?? '');
    if (found === undefined) reply(response, 404, { message: `No such ${String(noun)}: ${String(id)}` });
    else reply(response, 200, found);
  }
}

function reply(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
