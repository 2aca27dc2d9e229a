// Observe before enforce: an authorizer that reports whom it would refuse and lets everybody pass. Only authorization is
// observed; who does not prove an identity is refused as ever.
import { guarded, type Logger, type SpiffeError } from '../runtime/index.js';
import type { SpiffeId } from '../spiffeid/index.js';
import { refusal, type Identified, type Judge } from './authorizer.js';

/** Somebody who passed and would be refused. */
export interface ObservedRefusal<Peer = Identified> {
  readonly id: SpiffeId;
  readonly peer: Peer;
  /** What would have refused the peer: `ERR_SPIFFE_UNAUTHORIZED`. */
  readonly error: SpiffeError;
}

export interface ObserveOptions<Peer = Identified> {
  /** Called for each refusal, while the connection or the request waits. What it throws is logged and changes nothing. */
  readonly onRefusal?: ((refusal: ObservedRefusal<Peer>) => void) | undefined;
  /** Told of each refusal, as a warning. Default: silent. */
  readonly logger?: Logger | undefined;
}

/** An authorizer in observe mode. */
export interface ObservingAuthorizer<Peer = Identified> {
  (id: SpiffeId, peer: Peer): Error | undefined;
  readonly isObserving: true;
  /** How many it would have refused so far. */
  readonly refusals: number;
}

const observed = new WeakMap<Identified, SpiffeError>();

/**
 * Asks `authorizer`, reports a refusal and allows all the same, wherever an authorizer can stand. Every trust domain that
 * a bundle is held for can connect meanwhile: nothing narrows the authorities of the handshake.
 *
 * @throws TypeError without an authorizer.
 */
export function observe<Peer extends Identified = Identified>(
  authorizer: Judge<Peer>,
  options: ObserveOptions<Peer> = {},
): ObservingAuthorizer<Peer> {
  if (typeof authorizer !== 'function') throw new TypeError('observe: expected an authorizer');
  let refusals = 0;
  const check = (_id: SpiffeId, peer: Peer): undefined => {
    const error = refusal(authorizer, peer);
    if (error === undefined) return;
    refusals++;
    observed.set(peer, error);
    report({ id: peer.id, peer, error }, options);
  };
  return Object.defineProperties(check, {
    refusals: { get: () => refusals },
    isObserving: { value: true },
  }) as ObservingAuthorizer<Peer>;
}

/** Why this peer would have been refused, if it passed in observe mode only; otherwise undefined. */
export function observedRefusal(peer: Identified): SpiffeError | undefined {
  return observed.get(peer);
}

function report<Peer>(refused: ObservedRefusal<Peer>, options: ObserveOptions<Peer>): void {
  const { onRefusal } = options;
  const logger = guarded(options.logger);
  const { code, details, message } = refused.error;
  logger.warn({ ...details, code, error: message }, 'peer would be refused');
  try {
    onRefusal?.(refused);
  } catch (failure) {
    logger.error({ error: failure instanceof Error ? failure.message : 'failed' }, 'the report of a refusal failed');
  }
}
