// A registry on loopback that serves what the OCI Distribution Specification lets one read, from memory.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bundleMediaType, type Layer } from './fake-sigstore.js';

export interface FakeRegistryRequest {
  readonly path: string;
  readonly authorization: string | undefined;
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const digestOf = (data: string | Buffer): string => `sha256:${createHash('sha256').update(data).digest('hex')}`;

/** The digest of an image that nobody needs to have. */
export const imageDigest = digestOf('an image');

export class FakeRegistry implements AsyncDisposable {
  /** Host and port. */
  readonly host: string;
  readonly requests: FakeRegistryRequest[] = [];
  /** What it serves, by what comes after `/v2/app/`. */
  readonly answers = new Map<string, Buffer>();
  /** Answers in place of the registry what it returns true for. */
  misbehave: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<FakeRegistry> {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const registry = new FakeRegistry(server);
    server.on('request', (request, response) => {
      const path = request.url ?? '';
      registry.requests.push({ path, authorization: request.headers.authorization });
      if (!registry.misbehave(request, response)) registry.#answer(path, response);
    });
    return registry;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** The image's name with its digest. */
  get image(): string {
    return `${this.host}/app@${imageDigest}`;
  }

  /** Puts layers at a tag, in place of what was there; the digest of their manifest. */
  push(tag: string, ...layers: readonly Layer[]): string {
    const descriptors = layers.map(({ mediaType, blob, annotations }) => {
      this.answers.set(`blobs/${digestOf(blob)}`, blob);
      return { mediaType, digest: digestOf(blob), size: blob.length, annotations };
    });
    const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: manifestType, layers: descriptors }));
    for (const reference of [tag, digestOf(manifest)]) this.answers.set(`manifests/${reference}`, manifest);
    return digestOf(manifest);
  }

  /** Puts signatures where cosign looks for those of the image. */
  pushSignatures(...layers: readonly Layer[]): void {
    this.push(`${imageDigest.replace(':', '-')}.sig`, ...layers);
  }

  /** Puts attestations where cosign looks for those of the image. */
  pushAttestations(...layers: readonly Layer[]): void {
    this.push(`${imageDigest.replace(':', '-')}.att`, ...layers);
  }

  /** Makes bundles refer to the image, by the index of referrers or, in a registry without one, by its tag. */
  refer(by: 'index' | 'tag', ...layers: readonly (Layer & { readonly artifactType?: string })[]): void {
    const manifests = layers.map((layer, index) => {
      const digest = this.push(`bundle-${index}`, layer);
      const size = this.answers.get(`manifests/${digest}`)?.length;
      return { mediaType: manifestType, digest, size, artifactType: layer.artifactType ?? bundleMediaType };
    });
    const path = by === 'index' ? `referrers/${imageDigest}` : `manifests/${imageDigest.replace(':', '-')}`;
    this.answers.set(path, Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })));
  }

  #answer(path: string, response: ServerResponse): void {
    const found = this.answers.get(path.replace('/v2/app/', ''));
    if (found === undefined) response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
    else response.writeHead(200).end(found);
  }
}
