// A Workload API for tests that speaks the real protocol on a Unix socket. What it serves and how it fails is under the
// test's control; it checks the security header as a real one must (SPIFFE Workload Endpoint §6).
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { JwtBundleSet, type JwtBundle, type X509Bundle } from '../bundle/index.js';
import { Latest } from '../runtime/index.js';
import { verifyJwtSvid, type JwtSvid, type X509Svid } from '../svid/index.js';
import type { JWTBundlesResponse } from '../wire/gen/JWTBundlesResponse.js';
import type { JWTSVIDResponse } from '../wire/gen/JWTSVIDResponse.js';
import type { ValidateJWTSVIDResponse } from '../wire/gen/ValidateJWTSVIDResponse.js';
import type { X509BundlesResponse } from '../wire/gen/X509BundlesResponse.js';
import type { X509SVIDResponse } from '../wire/gen/X509SVIDResponse.js';
import { StatusError } from '../wire/index.js';
import { FakeWorkloadApiCalls, type RecordedRequest, type Scene, type Weather } from './fake-workload-api-calls.js';
import { FakeWorkloadApiListener } from './fake-workload-api-listener.js';
import {
  jwtBundlesResponse,
  jwtSvidResponse,
  validateJwtSvidResponse,
  x509BundlesResponse,
  x509SvidResponse,
} from './workload-api-messages.js';

/** Makes the JWT-SVIDs of an answer; none: the caller has no such identity. */
export type IssueJwtSvids = (request: {
  readonly audience: readonly string[];
  /** The SPIFFE ID asked for; undefined: every identity of the caller. */
  readonly subject: string | undefined;
}) => readonly JwtSvid[] | Promise<readonly JwtSvid[]>;

const nothing: Scene = {
  weather: { kind: 'serve' },
  FetchX509SVID: undefined,
  FetchX509Bundles: undefined,
  FetchJWTBundles: undefined,
  FetchJWTSVID: undefined,
  ValidateJWTSVID: undefined,
};

/**
 * A fake agent. At first it issues no identity: every call ends with PERMISSION_DENIED. Each `set…` serves something, to
 * streams that are open and to new ones; `fail`, `end` and `stall` last until `serve` or the next `set…`.
 */
export class FakeWorkloadApi implements AsyncDisposable {
  readonly #path: string;
  readonly #folder: string | undefined;
  readonly #scene = new Latest<Scene>(nothing);
  readonly #calls = new FakeWorkloadApiCalls(this.#scene);
  readonly #listener: FakeWorkloadApiListener;

  private constructor(path: string, folder: string | undefined) {
    this.#path = path;
    this.#folder = folder;
    this.#listener = new FakeWorkloadApiListener(path, this.#calls.handlers);
  }

  /** Starts a fake on `path`, or on a socket in a new temporary folder that goes away with it. */
  static async start(options: { readonly path?: string } = {}): Promise<FakeWorkloadApi> {
    const folder = options.path === undefined ? await mkdtemp(join(tmpdir(), 'fake-workload-api-')) : undefined;
    const fake = new FakeWorkloadApi(options.path ?? join(folder ?? '', 'api.sock'), folder);
    await fake.resume();
    return fake;
  }

  /** For `SPIFFE_ENDPOINT_SOCKET` or the option `address`. */
  get address(): string {
    return `unix://${this.#path}`;
  }

  /** Every call so far, those that failed too. */
  get requests(): readonly RecordedRequest[] {
    return this.#calls.requests;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#listener.connections;
  }

  /** Serves these SVIDs and bundles. Bundles of other trust domains go out as federated. */
  setX509(svids: readonly X509Svid[], bundles: readonly X509Bundle[]): void {
    this.setX509Response(x509SvidResponse(svids, bundles), x509BundlesResponse(bundles));
  }

  /** Serves messages as they are, however malformed; bytes go out unencoded. */
  setX509Response(svids: X509SVIDResponse | Uint8Array, bundles: X509BundlesResponse | Uint8Array = {}): void {
    this.#set({ FetchX509SVID: { message: svids }, FetchX509Bundles: { message: bundles } });
  }

  /** Serves these JWT bundles, validates by them, and answers calls for JWT-SVIDs by `issue`. */
  setJwt(bundles: readonly JwtBundle[], issue: IssueJwtSvids = () => []): void {
    const set = JwtBundleSet.of(...bundles);
    this.#set({
      FetchJWTBundles: { message: jwtBundlesResponse(bundles) },
      FetchJWTSVID: async ({ audience, spiffe_id }) => issued(audience, spiffe_id, issue),
      ValidateJWTSVID: async ({ audience, svid }) => validated(svid, audience, set),
    });
  }

  /** Serves messages as they are, however malformed; bytes go out unencoded. */
  setJwtResponse(responses: {
    readonly bundles?: JWTBundlesResponse | Uint8Array;
    readonly svids?: JWTSVIDResponse | Uint8Array;
    readonly validated?: ValidateJWTSVIDResponse | Uint8Array;
  }): void {
    const { bundles, svids, validated } = responses;
    this.#set({
      ...(bundles === undefined ? {} : { FetchJWTBundles: { message: bundles } }),
      ...(svids === undefined ? {} : { FetchJWTSVID: () => Promise.resolve(svids) }),
      ...(validated === undefined ? {} : { ValidateJWTSVID: () => Promise.resolve(validated) }),
    });
  }

  /** Sends to every open stream once more what it was sent last. */
  push(): void {
    const { FetchX509SVID, FetchX509Bundles, FetchJWTBundles } = this.#scene.value;
    this.#set({
      FetchX509SVID: FetchX509SVID && { ...FetchX509SVID },
      FetchX509Bundles: FetchX509Bundles && { ...FetchX509Bundles },
      FetchJWTBundles: FetchJWTBundles && { ...FetchJWTBundles },
    });
  }

  /** Ends `fail`, `end` and `stall`: what was set is served again. */
  serve(): void {
    this.#set({});
  }

  /** Fails every call, open or new. With `times` only that many new calls fail, and open streams go on. */
  fail(code: status, message = 'failed by the test', { times }: { readonly times?: number } = {}): void {
    if (times === undefined) this.#setWeather({ kind: 'fail', code, message });
    else this.#calls.failNext(times, new StatusError(code, message));
  }

  /** Ends every stream, open or new, with OK. */
  end(): void {
    this.#setWeather({ kind: 'end' });
  }

  /** Calls get no answer, and open streams no message. */
  stall(): void {
    this.#setWeather({ kind: 'stall' });
  }

  /** From now on every message goes out so much later. */
  delay(ms: number): void {
    this.#calls.delayMs = ms;
  }

  /** Breaks every connection; new ones are served as before. */
  dropConnections(): void {
    this.#listener.dropConnections();
  }

  /** Writes bytes that are no HTTP/2 into every connection. */
  sendRaw(bytes: Uint8Array): void {
    this.#listener.sendRaw(bytes);
  }

  /** Stops listening, breaks every connection and removes the socket. */
  stop(): Promise<void> {
    return this.#listener.stop();
  }

  /** Listens again on the same path, which is then a new socket. */
  resume(): Promise<void> {
    return this.#listener.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#scene.end();
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }

  #set(content: Partial<Omit<Scene, 'weather'>>): void {
    this.#scene.set({ ...this.#scene.value, ...content, weather: { kind: 'serve' } });
  }

  #setWeather(weather: Weather): void {
    this.#scene.set({ ...this.#scene.value, weather });
  }
}

async function issued(audience: readonly string[], subject: string, issue: IssueJwtSvids): Promise<JWTSVIDResponse> {
  if (audience.length === 0) throw new StatusError(status.INVALID_ARGUMENT, 'audience must be specified');
  const svids = await issue({ audience, subject: subject === '' ? undefined : subject });
  if (svids.length === 0) throw new StatusError(status.PERMISSION_DENIED, 'no identity issued');
  return jwtSvidResponse(svids);
}

async function validated(token: string, audience: string, bundles: JwtBundleSet): Promise<ValidateJWTSVIDResponse> {
  try {
    return validateJwtSvidResponse(await verifyJwtSvid(token, bundles, { audience }));
  } catch (error) {
    throw new StatusError(status.INVALID_ARGUMENT, error instanceof Error ? error.message : 'not valid');
  }
}
