// A bundle endpoint for tests, over real TLS in either profile of SPIFFE Federation §5.2. What it answers is under the
// test's control, good or bad.
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { SpiffeBundle } from '../bundle/index.js';
import type { X509Svid } from '../svid/index.js';
import { Certificate } from '../x509/index.js';
import { TestCa, type TestCredential } from './test-ca.js';

/** One request as the fake saw it. */
export interface RecordedBundleRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  /** Whether the client presented a certificate: the fake asks for one, which a real endpoint must not. */
  readonly hasClientCertificate: boolean;
}

/** `stall`: never answers; `hang`: begins to, and never ends; `drop`: hangs up; otherwise what is sent. */
export type BundleAnswer =
  | 'stall'
  | 'hang'
  | 'drop'
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
    };

/** A fake endpoint. At first it answers 404. */
export class FakeBundleEndpoint implements AsyncDisposable {
  readonly #server: Server;
  readonly #host: string;
  #answers: readonly BundleAnswer[] = [{ status: 404 }];
  readonly #requests: RecordedBundleRequest[] = [];
  /** Authorities to trust for https_web, PEM; empty for https_spiffe. */
  readonly ca: readonly string[];

  private constructor(server: Server, host: string, ca: readonly string[]) {
    this.#server = server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#requests.push(recorded(request));
      reply(response, this.#next());
    });
    this.#host = host;
    this.ca = ca;
  }

  /** https_web: a certificate for `localhost` by an authority of its own (see `ca`). */
  static async startWeb(): Promise<FakeBundleEndpoint> {
    const root = await TestCa.create('web.invalid', { uris: [] });
    const credential = await root.credential('/endpoint', { uris: [], dnsNames: ['localhost'] });
    return FakeBundleEndpoint.#listen(pemOf(credential), 'localhost', [root.certificate.toPem()]);
  }

  /** https_spiffe: this X.509-SVID, or whatever else the endpoint is to pass off as one. */
  static async startSpiffe(svid: X509Svid | TestCredential): Promise<FakeBundleEndpoint> {
    return FakeBundleEndpoint.#listen(pemOf(svid), '127.0.0.1', []);
  }

  static async #listen(
    identity: { readonly cert: string; readonly key: string },
    host: string,
    ca: readonly string[],
  ): Promise<FakeBundleEndpoint> {
    const server = createServer({ ...identity, requestCert: true, rejectUnauthorized: false });
    const endpoint = new FakeBundleEndpoint(server, host, ca);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return endpoint;
  }

  get url(): string {
    return this.urlAt('/');
  }

  /** Every path is answered alike. */
  urlAt(path: string, host: string = this.#host): string {
    return `https://${host}:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  get requests(): readonly RecordedBundleRequest[] {
    return this.#requests;
  }

  /** Gives these bundles, one a request; the last one from then on. */
  serve(...bundles: readonly [SpiffeBundle, ...SpiffeBundle[]]): void {
    this.answer(...bundles.map((bundle) => ({ body: bundle.toJson() })));
  }

  /** Redirects every request. */
  redirect(location: string, status = 307): void {
    this.answer({ status, headers: { location } });
  }

  /** Gives these answers, one a request; the last one from then on. */
  answer(...answers: readonly BundleAnswer[]): void {
    this.#answers = answers;
  }

  /** The X.509-SVID for new connections. */
  present(svid: X509Svid): void {
    this.#server.setSecureContext(pemOf(svid));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #next(): BundleAnswer {
    const [first = 'drop', ...rest] = this.#answers;
    if (rest.length > 0) this.#answers = rest;
    return first;
  }
}

function recorded({ method = '', url = '', headers, socket }: IncomingMessage): RecordedBundleRequest {
  const hasClientCertificate = socket instanceof TLSSocket && Object.keys(socket.getPeerCertificate()).length > 0;
  return { method, url, headers, hasClientCertificate };
}

function reply(response: ServerResponse, answer: BundleAnswer): void {
  if (answer === 'stall') return;
  if (answer === 'drop') {
    response.destroy();
    return;
  }
  if (answer === 'hang') {
    response.writeHead(200, { 'content-type': 'application/json' }).write('{"keys"');
    return;
  }
  const { status = 200, headers = {}, body = '' } = answer;
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body);
}

function pemOf(identity: X509Svid | TestCredential): { readonly cert: string; readonly key: string } {
  if ('certChainPem' in identity) return { cert: identity.certChainPem(), key: identity.privateKeyPem() };
  const cert = identity.chain.map((der) => Certificate.parse(der).toPem()).join('');
  return { cert, key: identity.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}
