// The agent's own SVID: renews it in time, and knows what to do when the server refuses it.
import { Backoff, isSpiffeError, type Clock, type Logger, type Random, type SpiffeError } from '@credence/sdk/runtime';
import type { AgentSvid } from '../domain/agent-svid.js';
import { agentError } from '../domain/errors.js';
import { Pause } from './pause.js';
import type { AgentStore, AgentSvidSource } from './ports.js';
import { refusalAdvice } from './refusal-advice.js';
import type { RotationPolicy } from './rotation-policy.js';

export interface AgentSvidKeeperOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly rotation: Pick<RotationPolicy, 'rotationTime'>;
  readonly source: AgentSvidSource;
  readonly store: AgentStore;
  readonly svid: AgentSvid;
  /** When the server gave it; undefined when that was before this start. */
  readonly receivedAt: Date | undefined;
}

export class AgentSvidKeeper {
  readonly #options: AgentSvidKeeperOptions;
  readonly #pause: Pause;
  readonly #backoff: Backoff;
  #current: AgentSvid;
  #rotateAt: Date;
  #rotation: Promise<void> | undefined;

  constructor(options: AgentSvidKeeperOptions) {
    this.#options = options;
    this.#pause = new Pause(options.clock);
    this.#backoff = new Backoff({ initialMs: 5000, factor: 1.5, maxMs: 120_000, jitter: 0.2 }, options.random);
    this.#current = options.svid;
    // When a stored one came is not known. Its notBefore is earlier, so at worst it is renewed early, once; the instant of
    // the start would put off the renewal with each restart.
    this.#rotateAt = this.#rotationOf(options.svid, options.receivedAt ?? options.svid.notBefore);
  }

  get current(): AgentSvid {
    return this.#current;
  }

  /** Renews for ever. @throws ERR_SERVER_REFUSED when that is final, `signal.reason` */
  async run(signal: AbortSignal): Promise<never> {
    const { clock, log } = this.#options;
    for (;;) {
      const untilRotationMs = this.#rotateAt.getTime() - clock.now().getTime();
      if (untilRotationMs > 0) {
        await this.#pause.wait(untilRotationMs, signal);
        continue;
      }
      try {
        await this.rotate(signal);
        this.#backoff.reset();
      } catch (error) {
        signal.throwIfAborted();
        await this.#checkHope(error, signal);
        const retryInMs = Math.round(this.#backoff.next());
        const { expiresAt } = this.#current;
        log.error({ err: error, retryInMs, expiresAt }, 'agent SVID could not be renewed');
        await clock.sleep(retryInMs, { signal });
      }
    }
  }

  /** Replaces the SVID now. @throws the errors of AgentSvidSource */
  rotate(signal: AbortSignal): Promise<void> {
    this.#rotation ??= this.#options.source
      .rotate(this.#current, (svid) => this.adopt(svid), signal)
      .finally(() => {
        this.#rotation = undefined;
      });
    return this.#rotation;
  }

  /** Renews at once if the chain is found tainted. */
  expedite(isTainted: (chain: readonly Buffer[]) => boolean): void {
    if (!isTainted(this.#current.chain)) return;
    this.#options.log.warn({}, 'agent SVID is of a tainted authority and is being replaced');
    this.#rotateAt = this.#options.clock.now();
    this.#pause.cut();
  }

  /**
   * After a refusal: attests again if this node can.
   *
   * @throws ERR_SERVER_REFUSED saying what to do, when it cannot; nothing of the refused SVID is kept then.
   */
  async recover(refusal: Error, signal: AbortSignal): Promise<void> {
    const reason = reasonOf(refusal);
    if (this.#current.reattestable && reason !== 'AGENT_BANNED') {
      this.#options.log.warn({ reason }, 'the server asks for a new attestation');
      await this.#reattest(signal);
      return;
    }
    throw await this.#final(reason, refusal);
  }

  async #reattest(signal: AbortSignal): Promise<void> {
    try {
      await this.rotate(signal);
    } catch (error) {
      signal.throwIfAborted();
      if (isSpiffeError(error, 'ERR_SERVER_REFUSED')) {
        throw await this.#final(reasonOf(error), error);
      }
    }
  }

  /** Makes it the agent's SVID: it is on disk before its first use, after which the server refuses the old one. */
  async adopt(svid: AgentSvid): Promise<void> {
    const { clock, log, store } = this.#options;
    await store.storeSvid(svid);
    this.#current = svid;
    this.#rotateAt = this.#rotationOf(svid, clock.now());
    log.info({ spiffeId: svid.id.toString(), expiresAt: svid.expiresAt }, 'agent SVID renewed');
  }

  // As with workloads, what the server dated back is no part of the life.
  #rotationOf({ notBefore, expiresAt }: AgentSvid, receivedAt: Date): Date {
    const from = notBefore > receivedAt ? notBefore : receivedAt;
    return this.#options.rotation.rotationTime({ from, expiresAt });
  }

  // While the server does not answer there is hope. Once it does, an expired SVID is of no use.
  async #checkHope(error: unknown, signal: AbortSignal): Promise<void> {
    const { clock, source } = this.#options;
    if (isSpiffeError(error, 'ERR_SERVER_REFUSED')) await this.recover(error, signal);
    const { expiresAt, reattestable } = this.#current;
    if (reattestable || expiresAt > clock.now() || !(await source.isReachable(signal))) return;
    throw await this.#final('AGENT_EXPIRED', error);
  }

  // An attestation is refused in the server's own words alone.
  async #final(reason: string | undefined, cause: unknown): Promise<SpiffeError> {
    const { store, log } = this.#options;
    const { id } = this.#current;
    const why = reason ?? (cause instanceof Error ? cause.message : String(cause));
    log.error(
      { reason: why, spiffeId: id.toString() },
      'the server does not accept this agent any more: removing its SVID',
    );
    await store.removeSvid();
    const message = `the server refuses agent ${String(id)} (${why}); ${refusalAdvice(why, id)}`;
    return agentError('ERR_SERVER_REFUSED', message, { details: { reason }, cause });
  }
}

function reasonOf(refusal: unknown): string | undefined {
  const reason = isSpiffeError(refusal) ? refusal.details['reason'] : undefined;
  return typeof reason === 'string' ? reason : undefined;
}
