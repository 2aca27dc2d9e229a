// What every handler is wrapped in: the admission of the gate, the lifetime of the call, the error table, the audit
// record. A handler is a plain function from requests to responses that throws what it likes.
import type {
  handleBidiStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  ServerUnaryCall,
} from '@grpc/grpc-js';
import { once, type EventEmitter } from 'node:events';
import { statusName } from '@credence/sdk/daemon';
import type { Clock, Logger, Random } from '@credence/sdk/runtime';
import { shortenJoinTokens } from '../domain/join-token.js';
import type { Admissions, Call } from './call.js';
import { randomUuid } from '../domain/uuid.js';
import { CallsAtOnce } from './interceptors/at-once.js';
import { AuditTrail, writeAudit, type Outcome } from './interceptors/audit.js';
import { longestCallMs, watchLifetime, type CallLifetime } from './interceptors/deadline.js';
import { ok, toStatus } from './interceptors/errors.js';
import type { ApiObserver } from './observer.js';

export type UnaryHandler<Request, Response> = (request: Request, call: Call) => Promise<Response>;

export type BidiHandler<Request, Response> = (
  requests: AsyncIterator<Request, undefined>,
  call: Call,
) => AsyncIterable<Response>;

/** Answers as long as the client listens. */
export type StreamHandler<Request, Response> = (request: Request, call: Call) => AsyncIterable<Response>;

// Its connection ends sooner; a time that is given to a timer must not be endless.
const longestStreamMs = 24 * 3_600_000;

export interface PipelineOptions {
  readonly admissions: Admissions;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly observer: ApiObserver;
}

type AnyCall = Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'getPath' | 'getDeadline'> & {
  once(event: 'cancelled', listener: () => void): unknown;
};

interface Answers<Response> extends EventEmitter {
  readonly destroyed: boolean;
  write(response: Response): boolean;
  end(): unknown;
}

export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #atOnce = new CallsAtOnce();
  /** Nobody else hears of what grpc-js throws at an answer, and one call must not end the process. */
  readonly #noteUnanswered = (error: unknown): void => {
    this.#options.log.error({ err: error }, 'api call could not be answered');
  };

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  unary<Request, Response>(handle: UnaryHandler<Request, Response>): handleUnaryCall<Request, Response> {
    return (rpc, callback) => {
      this.#run(rpc, (call) => handle(rpc.request, call))
        .then(
          (response) => {
            callback(null, response);
          },
          (error: unknown) => {
            callback(toStatus(error));
          },
        )
        .catch(this.#noteUnanswered);
    };
  }

  serverStream<Request, Response>(
    handle: StreamHandler<Request, Response>,
  ): handleServerStreamingCall<Request, Response> {
    return (rpc) => {
      const work = (call: Call): Promise<void> => respond(rpc, handle(rpc.request, call), call);
      this.#stream(rpc, this.#run(rpc, work, longestStreamMs));
    };
  }

  /** The handler's requests end when the client half-closes, and throw when the call ends otherwise. */
  bidi<Request, Response>(handle: BidiHandler<Request, Response>): handleBidiStreamingCall<Request, Response> {
    return (rpc) => {
      const requests = rpc.iterator({ destroyOnReturn: false }) as AsyncIterator<Request, undefined>;
      this.#stream(
        rpc,
        this.#run(rpc, (call) => respond(rpc, handle(requests, call), call)),
      );
    };
  }

  #stream(rpc: Answers<never>, running: Promise<void>): void {
    running
      .then(
        () => {
          rpc.end();
        },
        (error: unknown) => {
          // grpc-js turns an emitted error into the status of the call; after the call's end nobody listens.
          if (!rpc.destroyed) rpc.emit('error', toStatus(error));
        },
      )
      .catch(this.#noteUnanswered);
  }

  /** @throws StatusError always, whatever the work throws */
  async #run<Result>(
    rpc: AnyCall,
    work: (call: Call) => Promise<Result>,
    longestMs: number = longestCallMs,
  ): Promise<Result> {
    const { log, clock, admissions } = this.#options;
    const lifetime = watchLifetime(rpc, clock, longestMs);
    const call = begin(rpc, lifetime, admissions);
    const started = clock.now();
    try {
      this.#atOnce.enter(call);
      const result = await Promise.race([work(call), lifetime.expired]);
      this.#conclude(call, started, ok);
      return result;
    } catch (error) {
      // What fails in a call that has ended fails because it has ended.
      const refusal = toStatus(call.signal.aborted ? call.signal.reason : error);
      this.#conclude(call, started, { code: refusal.code, message: shortenJoinTokens(refusal.details) });
      if (refusal.cause !== undefined) log.error({ err: refusal.cause, method: call.method }, 'api call failed');
      throw refusal;
    }
  }

  /** What is left of a call that has ended: its audit record, and its place in the metrics. */
  #conclude(call: Call, started: Date, outcome: Outcome): void {
    const { log, clock, random, observer } = this.#options;
    writeAudit(log, { ...call, requestId: randomUuid(random) }, outcome);
    const elapsedMs = clock.now().getTime() - started.getTime();
    observer.callEnded({ method: call.method, code: statusName(outcome.code), elapsedMs });
    for (const item of call.audit.items) observer.itemEnded(call.method, statusName(item.outcome.code));
  }
}

function begin(rpc: AnyCall, { deadline, signal }: CallLifetime, admissions: Admissions): Call {
  return { ...admissions.of(rpc.metadata), method: rpc.getPath(), deadline, signal, audit: new AuditTrail() };
}

async function respond<Response>(
  rpc: Answers<Response>,
  responses: AsyncIterable<Response>,
  call: Call,
): Promise<void> {
  for await (const response of responses) {
    if (!rpc.write(response)) await once(rpc, 'drain', { signal: call.signal });
  }
}
