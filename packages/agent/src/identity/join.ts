// How an agent becomes a member: with the SVID that it has stored, or by attestation, however long that takes.
import { Backoff, isSpiffeError, type Clock, type Logger, type Random } from '@credence/sdk/runtime';
import type { AgentSvid } from '../domain/agent-svid.js';
import { agentError } from '../domain/errors.js';
import type { TrustBundle } from '../domain/workload-identity.js';
import type { AgentStore } from './ports.js';

// An SVID that expires within a second is as good as expired.
const skewMs = 1000;

export interface JoinOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Proves the node to the server that `bundle` vouches for. @throws as ServerPort */
  readonly attest: (bundle: TrustBundle, signal: AbortSignal) => Promise<Membership>;
  /** What an operator can do when the server refuses the proof. */
  readonly advice: string;
  readonly store: AgentStore;
  /** What was found on disk; it may have expired. */
  readonly stored: AgentSvid | undefined;
  /** Whether there is something to serve meanwhile: then the stored SVID is not replaced before, even if it has expired. */
  readonly canServe: boolean;
  /** Gets the bundle by which the server is recognised, before each attempt. @throws ERR_BOOTSTRAP: it is of no use to try again */
  readonly loadBundle: (signal: AbortSignal) => Promise<TrustBundle>;
}

/** @throws ERR_SERVER_REFUSED, ERR_BOOTSTRAP, ERR_STORAGE, `signal.reason` */
export async function join(options: JoinOptions, signal: AbortSignal): Promise<Joined> {
  const { clock, log, stored, canServe } = options;
  if (stored !== undefined && (canServe || stored.expiresAt.getTime() - skewMs > clock.now().getTime())) {
    log.info({ spiffeId: stored.id.toString(), expiresAt: stored.expiresAt }, 'SVID loaded');
    return { svid: stored, bundle: await options.loadBundle(signal), receivedAt: undefined };
  }
  if (stored !== undefined) log.warn({ expiresAt: stored.expiresAt }, 'the stored SVID has expired');
  log.info({}, 'SVID is not found; starting node attestation');
  const admission = await admit(options, signal);
  const receivedAt = clock.now();
  await options.store.storeBundle(admission.bundle);
  await options.store.storeSvid(admission.svid);
  log.info({ spiffeId: admission.svid.id.toString() }, 'node attestation was successful');
  return { ...admission, receivedAt };
}

export interface Membership {
  readonly svid: AgentSvid;
  readonly bundle: TrustBundle;
}

export interface Joined extends Membership {
  /** When the server gave the SVID; undefined for a stored one. */
  readonly receivedAt: Date | undefined;
}

async function admit(
  { clock, random, log, attest, advice, loadBundle }: JoinOptions,
  signal: AbortSignal,
): Promise<Membership> {
  const backoff = new Backoff({ initialMs: 5000, factor: 1.5, maxMs: 120_000, jitter: 0.2 }, random);
  for (;;) {
    try {
      return await attest(await loadBundle(signal), signal);
    } catch (error) {
      signal.throwIfAborted();
      if (isSpiffeError(error, 'ERR_SERVER_REFUSED')) throw refused(error, advice);
      if (isSpiffeError(error, 'ERR_BOOTSTRAP')) throw error;
      const retryInMs = Math.round(backoff.next());
      log.warn({ err: error, retryInMs }, 'failed to retrieve attestation result');
      await clock.sleep(retryInMs, { signal });
    }
  }
}

function refused(error: Error, advice: string): Error {
  const details = isSpiffeError(error) ? error.details : {};
  return agentError('ERR_SERVER_REFUSED', `${error.message}; ${advice}`, { details, cause: error });
}
