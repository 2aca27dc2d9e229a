// Authorization of requests by the SPIFFE ID of the connection's peer, which was verified in the handshake.
import { sdkError, systemClock } from '../runtime/index.js';
import { checkAuthorized, type Authorizer } from '../tls/authorizer.js';
import { peerOf } from '../tls/index.js';
import type { IncomingRequest } from './caller.js';
import { decisionOf, refusal, type GuardOptions, type Verdict } from './guard.js';
import { inEveryShape, type MiddlewareFactory } from './middleware.js';

// Not registered, but RFC 9110 §15.5.2 wants a challenge with every 401, and clients ignore a scheme that they do not know.
const challenge = 'X509-SVID';

/**
 * Lets a request pass when its connection has a verified peer (`attachServer`, `createHttpsServer`) that `authorize`
 * allows. Otherwise 401 without a peer or after its SVID expired, 403 for a peer that is not allowed.
 *
 * What a proxy says about its own peer (`X-Forwarded-Client-Cert` and the like) is not looked at.
 *
 * @throws TypeError without an authorizer.
 */
export const requireSpiffeId: MiddlewareFactory<[authorize: Authorizer, options?: GuardOptions]> = inEveryShape(
  (authorize: Authorizer, options: GuardOptions = {}) => {
    if (typeof authorize !== 'function') throw new TypeError('requireSpiffeId: expected an authorizer');
    return decisionOf((request) => judge(request, authorize, options), options);
  },
);

function judge(request: IncomingRequest, authorize: Authorizer, { clock = systemClock }: GuardOptions): Verdict {
  const peer = peerOf(request);
  if (peer === undefined) return unauthenticated('the connection has no verified peer');
  // The connection may have been made long ago.
  if (clock.now() > peer.expiresAt) return unauthenticated(`the X.509-SVID of ${String(peer.id)} has expired`);
  try {
    checkAuthorized(authorize, peer);
  } catch (error) {
    return refusal(403, error);
  }
  return { kind: 'allowed', caller: { kind: 'x509', id: peer.id, peer } };
}

function unauthenticated(problem: string): Verdict {
  return refusal(401, sdkError('ERR_SPIFFE_UNAUTHENTICATED', problem), challenge);
}
