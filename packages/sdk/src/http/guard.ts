// The decision over one request, whatever the framework. It fails closed: a request passes only when a guard says who
// the caller is; the reason of a refusal goes to the log and to `onRefusal`, never to the client.
import { guarded, isSpiffeError, type Clock, type Logger } from '../runtime/index.js';
import type { Caller, IncomingRequest } from './caller.js';

export interface GuardOptions {
  /** Told of every refusal. Default: silent. */
  readonly logger?: Logger | undefined;
  /** Called for every refusal, before the answer. */
  readonly onRefusal?: ((refusal: Refusal, request: IncomingRequest) => void) | undefined;
  /** Default: the clock of the machine. */
  readonly clock?: Clock | undefined;
}

/** A request that does not pass. */
export interface Refusal {
  readonly kind: 'refused';
  /**
   * 401: it does not prove who calls. 403: the caller is not allowed. 400: it carries its credentials in a way that
   * RFC 6750 forbids. 503: it could not be decided, because bundles are not available say.
   */
  readonly status: 400 | 401 | 403 | 503;
  /** `WWW-Authenticate` of the answer (RFC 9110 §11.6.1). */
  readonly challenge: string | undefined;
  /** Why: `ERR_SPIFFE_UNAUTHENTICATED`, `ERR_SPIFFE_JWT`, `ERR_SPIFFE_UNAUTHORIZED`, or what the sources threw. */
  readonly error: Error;
}

export type Verdict = { readonly kind: 'allowed'; readonly caller: Caller } | Refusal;

/** Judges a request. What it throws refuses with 503. */
export type Guard = (request: IncomingRequest) => Verdict | Promise<Verdict>;

/** A guard that reports, and records the caller in `request.spiffe`; undefined lets the request pass. Never rejects. */
export type Decision = (request: IncomingRequest) => Promise<Refusal | undefined>;

export function decisionOf(guard: Guard, options: GuardOptions): Decision {
  return async (request) => {
    const verdict = await judged(guard, request);
    if (verdict.kind === 'refused') {
      report(verdict, request, options);
      return verdict;
    }
    request.spiffe = verdict.caller;
    return undefined;
  };
}

export function refusal(status: Refusal['status'], error: unknown, challenge?: string): Refusal {
  const reason = error instanceof Error ? error : new Error('refused', { cause: error });
  return { kind: 'refused', status, challenge, error: reason };
}

async function judged(guard: Guard, request: IncomingRequest): Promise<Verdict> {
  try {
    return await guard(request);
  } catch (error) {
    return refusal(503, error);
  }
}

function report(refused: Refusal, request: IncomingRequest, { onRefusal, ...options }: GuardOptions): void {
  const logger = guarded(options.logger);
  const { error, status } = refused;
  const reason = isSpiffeError(error) ? { ...error.details, code: error.code } : {};
  // Without the query, which may hold what is secret.
  const [path] = (request.url ?? '').split('?', 1);
  const { remoteAddress } = request.socket;
  const fields = { ...reason, error: error.message, status, method: request.method, path, remoteAddress };
  if (status === 503) logger.error(fields, 'request could not be decided');
  else logger.warn(fields, 'request refused');
  try {
    onRefusal?.(refused, request);
  } catch (failure) {
    logger.error({ error: failure instanceof Error ? failure.message : 'failed' }, 'onRefusal failed');
  }
}
