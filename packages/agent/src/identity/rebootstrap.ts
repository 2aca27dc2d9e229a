// What is done when the server that answers is of an authority that this agent does not know, as after the trust domain
// was set up anew: bootstraps again, if the operator allows that and the node can attest again. Meanwhile, and should it
// fail, everything is served as before.
import { isSpiffeError, type Clock, type Logger } from '@credence/sdk/runtime';
import type { AgentSvid } from '../domain/agent-svid.js';
import { agentError } from '../domain/errors.js';
import type { RebootstrapSettings } from '../settings.js';

/** @throws ERR_BOOTSTRAP: bootstrapping again is required, and this node cannot do it. */
export function checkRebootstrap({ mode }: RebootstrapSettings, { id, reattestable }: AgentSvid): void {
  if (mode !== 'always' || reattestable) return;
  const message = `rebootstrap_mode is always, and agent ${String(id)} cannot attest again; auto or never is accepted`;
  throw agentError('ERR_BOOTSTRAP', message);
}

export interface RebootstrapOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: RebootstrapSettings;
  readonly isReattestable: () => boolean;
  /** Joins anew by the configured trust bundle. @throws */
  readonly rejoin: (signal: AbortSignal) => Promise<void>;
}

export class Rebootstrap {
  readonly #options: RebootstrapOptions;
  #unknownSince: Date | undefined;
  #hasWarned = false;

  constructor(options: RebootstrapOptions) {
    this.#options = options;
  }

  /** @param failure undefined: the server was recognised. @returns whether the agent has joined anew. @throws `signal.reason` */
  async consider(failure: unknown, signal: AbortSignal): Promise<boolean> {
    const { clock, log, settings, rejoin } = this.#options;
    if (failure === undefined) this.#unknownSince = undefined;
    if (!isSpiffeError(failure) || failure.details['serverUnknown'] !== true) return false;
    const since = (this.#unknownSince ??= clock.now());
    if (!this.#mayRejoin()) return false;
    if (clock.now().getTime() - since.getTime() < settings.delayMs) return false;
    try {
      log.warn({ since }, 'the server is of an unknown authority: bootstrapping again');
      await rejoin(signal);
      this.#unknownSince = undefined;
      log.info({}, 'bootstrapped again');
      return true;
    } catch (error) {
      signal.throwIfAborted();
      log.error({ err: error }, 'bootstrapping again failed');
      return false;
    }
  }

  #mayRejoin(): boolean {
    const { log, settings, isReattestable } = this.#options;
    if (settings.mode !== 'never' && isReattestable()) return true;
    if (!this.#hasWarned) {
      const advice = 'remove the data directory and join again, if the trust domain was set up anew';
      log.warn(
        { rebootstrapMode: settings.mode, reattestable: isReattestable(), advice },
        'the server is of an unknown authority',
      );
    }
    this.#hasWarned = true;
    return false;
  }
}
