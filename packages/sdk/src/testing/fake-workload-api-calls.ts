// How a fake Workload API answers: each call as the scene of the moment says.
import { status, type Metadata, type sendUnaryData, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { systemClock, type Latest } from '../runtime/index.js';
import type { JWTSVIDRequest__Output } from '../wire/gen/JWTSVIDRequest.js';
import type { ValidateJWTSVIDRequest__Output } from '../wire/gen/ValidateJWTSVIDRequest.js';
import { StatusError } from '../wire/index.js';

/** One call as the fake saw it. */
export interface RecordedRequest {
  readonly method: string;
  /** The values of `workload.spiffe.io`. */
  readonly header: readonly string[];
  /** The request message. */
  readonly message: unknown;
}

export type Weather =
  | { readonly kind: 'serve' }
  | { readonly kind: 'fail'; readonly code: status; readonly message: string }
  | { readonly kind: 'end' }
  | { readonly kind: 'stall' };

/** What a stream was sent last; another object is sent again, whatever is in it. */
interface Sent {
  readonly message: unknown;
}

/** What is served, and how. What is undefined is denied. */
export interface Scene {
  readonly weather: Weather;
  readonly FetchX509SVID: Sent | undefined;
  readonly FetchX509Bundles: Sent | undefined;
  readonly FetchJWTBundles: Sent | undefined;
  readonly FetchJWTSVID: ((request: JWTSVIDRequest__Output) => Promise<unknown>) | undefined;
  readonly ValidateJWTSVID: ((request: ValidateJWTSVIDRequest__Output) => Promise<unknown>) | undefined;
}

interface Call {
  readonly metadata: Metadata;
  readonly request: unknown;
  on(event: 'cancelled', listener: () => void): unknown;
}

interface StreamCall extends Call {
  write(message: unknown): boolean;
  end(): void;
  emit(event: 'error', error: Error): boolean;
}

type StreamMethod = 'FetchX509SVID' | 'FetchX509Bundles' | 'FetchJWTBundles';
type UnaryMethod = 'FetchJWTSVID' | 'ValidateJWTSVID';

export class FakeWorkloadApiCalls {
  readonly requests: RecordedRequest[] = [];
  delayMs = 0;
  readonly #scene: Latest<Scene>;
  #failures: { readonly error: StatusError; left: number } | undefined;

  constructor(scene: Latest<Scene>) {
    this.#scene = scene;
  }

  /** The next calls fail, whatever the scene says. */
  failNext(times: number, error: StatusError): void {
    this.#failures = { error, left: times };
  }

  get handlers(): UntypedServiceImplementation {
    return {
      FetchX509SVID: this.#streams('FetchX509SVID'),
      FetchX509Bundles: this.#streams('FetchX509Bundles'),
      FetchJWTBundles: this.#streams('FetchJWTBundles'),
      FetchJWTSVID: this.#answers('FetchJWTSVID'),
      ValidateJWTSVID: this.#answers('ValidateJWTSVID'),
    };
  }

  #streams(method: StreamMethod) {
    return (call: StreamCall): void => {
      this.#stream(method, call, goneWith(call)).then(
        () => {
          call.end();
        },
        (error: unknown) => call.emit('error', asStatus(error)),
      );
    };
  }

  #answers(method: UnaryMethod) {
    return (call: Call, done: sendUnaryData<unknown>): void => {
      this.#answer(method, call, goneWith(call)).then(
        (response) => {
          done(null, response);
        },
        (error: unknown) => {
          done(asStatus(error));
        },
      );
    };
  }

  async #stream(method: StreamMethod, call: StreamCall, gone: AbortSignal): Promise<void> {
    this.#admit(method, call);
    let sent: Sent | undefined;
    for await (const { weather, [method]: next } of this.#scene.watch({ signal: gone })) {
      if (weather.kind === 'end') return;
      if (weather.kind === 'fail') throw new StatusError(weather.code, weather.message);
      if (weather.kind === 'stall' || (sent !== undefined && next === sent)) continue;
      if (next === undefined) throw denied();
      await this.#late(gone);
      call.write(next.message);
      sent = next;
    }
  }

  async #answer(method: UnaryMethod, call: Call, gone: AbortSignal): Promise<unknown> {
    this.#admit(method, call);
    for await (const scene of this.#scene.watch({ signal: gone })) {
      const { weather } = scene;
      if (weather.kind === 'fail') throw new StatusError(weather.code, weather.message);
      if (weather.kind === 'stall') continue;
      await this.#late(gone);
      if (method === 'FetchJWTSVID')
        return (await scene.FetchJWTSVID?.(call.request as JWTSVIDRequest__Output)) ?? refuse();
      return (await scene.ValidateJWTSVID?.(call.request as ValidateJWTSVIDRequest__Output)) ?? refuse();
    }
    throw new StatusError(status.UNAVAILABLE, 'the fake has stopped');
  }

  #admit(method: string, { metadata, request }: Call): void {
    const header = metadata.get('workload.spiffe.io').map(String);
    this.requests.push({ method, header, message: request });
    if (header.length !== 1 || header[0] !== 'true') {
      throw new StatusError(status.INVALID_ARGUMENT, 'security header missing from request');
    }
    if (this.#failures !== undefined && this.#failures.left-- > 0) throw this.#failures.error;
  }

  async #late(signal: AbortSignal): Promise<void> {
    if (this.delayMs > 0) await systemClock.sleep(this.delayMs, { signal });
  }
}

function goneWith(call: Call): AbortSignal {
  const gone = new AbortController();
  call.on('cancelled', () => {
    gone.abort(new StatusError(status.CANCELLED, 'the caller went away'));
  });
  return gone.signal;
}

function asStatus(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  return new StatusError(status.INTERNAL, error instanceof Error ? error.message : 'failed');
}

function denied(): StatusError {
  return new StatusError(status.PERMISSION_DENIED, 'no identity issued');
}

function refuse(): never {
  throw denied();
}
