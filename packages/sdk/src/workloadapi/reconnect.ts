// Keeps a stream of the Workload API open for ever: reconnects at once after a healthy stream and with growing, jittered
// waits otherwise (SPIFFE Workload API §4.2), and gives up only where the standard says so (Workload Endpoint app. A).
import { Backoff, type BackoffOptions, type Clock, type Random, type SpiffeError } from '../runtime/index.js';
import { failureOf, type Verdict } from './failure.js';

/** Waits between attempts. */
const retryBackoff: BackoffOptions = { initialMs: 200, factor: 2, maxMs: 10_000, jitter: 0.2 };
/** Waits after PERMISSION_DENIED: an identity comes when an operator registers one, not within milliseconds. */
const deniedBackoff: BackoffOptions = { initialMs: 1_000, factor: 2, maxMs: 10_000, jitter: 0.2 };

// A stream that gave a valid update and lived this long was healthy; the next attempt follows within promptMs. A
// shorter life is none: an agent that answers and hangs up must not be called in a tight loop.
const healthyAfterMs = 1_000;
const promptMs = 100;

/** Opens one stream and resolves when it ends; calls `valid` for each message that was accepted. */
export type Attempt = (valid: () => void) => Promise<void>;

export interface ReconnectOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** Whether the waits keep the process alive. */
  readonly ref: boolean;
  /** Called for each failed attempt before the wait. */
  readonly onFailure: (error: SpiffeError, retryInMs: number) => void;
}

/**
 * Repeats `attempt`.
 *
 * @throws `signal.reason`; SpiffeError `ERR_SPIFFE_WORKLOAD_API` for a status that must not be retried.
 */
export async function reconnect(attempt: Attempt, options: ReconnectOptions): Promise<never> {
  const { clock, random, signal, ref, onFailure } = options;
  const backoffs = { retry: new Backoff(retryBackoff, random), denied: new Backoff(deniedBackoff, random) };
  for (;;) {
    signal.throwIfAborted();
    const openedMs = clock.now().getTime();
    const stream = { accepted: false };
    const ended = await outcome(attempt, () => {
      stream.accepted = true;
      backoffs.retry.reset();
      backoffs.denied.reset();
    });
    signal.throwIfAborted();
    const { verdict, error } = failureOf(ended);
    if (verdict === 'report') throw error;
    const healthy = stream.accepted && clock.now().getTime() - openedMs >= healthyAfterMs;
    const waitMs = healthy && verdict === 'retry' ? promptMs * random.uniform() : nextWait(backoffs, verdict);
    onFailure(error, waitMs);
    await clock.sleep(waitMs, { signal, ref });
  }
}

function nextWait(
  backoffs: Readonly<Record<'retry' | 'denied', Backoff>>,
  verdict: Exclude<Verdict, 'report'>,
): number {
  return backoffs[verdict].next();
}

async function outcome(attempt: Attempt, valid: () => void): Promise<unknown> {
  try {
    await attempt(valid);
    return undefined;
  } catch (error) {
    return error;
  }
}
