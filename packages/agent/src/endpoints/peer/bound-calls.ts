// No caller can make the agent hold more than a bounded number of calls, nor large or unfinished ones. A status alone
// would not do: HTTP/2 keeps a stream until its caller ends it, too. Whoever goes too far loses the connection.
import { ServerInterceptingCall, type Metadata, type ServerInterceptor } from '@grpc/grpc-js';
import { QuietLog } from '@credence/sdk/daemon';
import type { Clock, Logger } from '@credence/sdk/runtime';
import type { EndpointObserver } from '../observer.js';
import { FairShare } from './fair-share.js';
import { Intake } from './intake.js';
import { largestMetadata, mostAbandonedStreams, mostCalls, mostIncompleteCalls, requestTimeMs } from './limits.js';
import type { Peer } from './peer.js';
import type { PeerRegistry } from './peer-registry.js';

export interface BoundCallsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly peers: PeerRegistry;
  readonly observer: EndpointObserver;
}

// Made once: an exception of its own for each call would cost more than the rest of this.
const known = new DOMException('the request is complete, or has ended', 'AbortError');

/** The first interceptor of the endpoint; it leaves calls without a known peer to others. */
export function boundCalls(options: BoundCallsOptions): ServerInterceptor {
  const { clock, peers } = options;
  const calls = new FairShare(mostCalls);
  const incomplete = new WeakMap<Peer, number>();
  const disconnect = disconnecting(options);

  const intake = new Intake(clock, (peer) => {
    disconnect(peer, 'too much was sent for requests that are not complete');
  });

  const limitTime = (peer: Peer, complete: AbortSignal): void => {
    clock.sleep(requestTimeMs, { signal: complete, ref: false }).then(
      () => {
        disconnect(peer, 'a request was not completed in time');
      },
      () => undefined,
    );
  };

  const countIncomplete = (peer: Peer, weight: number): void => {
    const count = (incomplete.get(peer) ?? 0) + weight;
    incomplete.set(peer, count);
    if (count > mostIncompleteCalls) disconnect(peer, 'too many calls ended before their requests were complete');
  };

  return (method, call) => {
    const peer = peers.find(call.getConnectionInfo().remoteAddress);
    if (peer === undefined) return new ServerInterceptingCall(call);
    const complete = new AbortController();
    let counted = false;
    let halfClosed = false;
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          // Counted here and not before: only a call that gets this far is told of its end.
          onReceiveMetadata: (metadata, proceed) => {
            counted = calls.take(peer.uid);
            const problem = problemOf(counted, metadata);
            if (problem !== undefined) {
              disconnect(peer, problem);
              return;
            }
            limitTime(peer, complete.signal);
            intake.begin(peer, complete.signal);
            proceed(metadata);
          },
          onReceiveMessage: (message, proceed) => {
            // Further ones may come at any time.
            if (method.requestStream) complete.abort(known);
            proceed(message);
          },
          onReceiveHalfClose: (proceed) => {
            halfClosed = true;
            complete.abort(known);
            proceed();
          },
          onCancel: () => {
            if (counted) calls.giveBack(peer.uid);
            if (!complete.signal.aborted) countIncomplete(peer, 1);
            else if (!halfClosed) countIncomplete(peer, mostIncompleteCalls / mostAbandonedStreams);
            complete.abort(known);
          },
        });
      },
    });
  };
}

/** Cuts the connection of a peer, once, and says why. */
function disconnecting({ clock, log, observer }: BoundCallsOptions): (peer: Peer, reason: string) => void {
  const cut = new WeakSet<Peer>();
  const cuts = new QuietLog({ clock, log, message: 'connection cut' });
  return (peer, reason) => {
    if (cut.has(peer)) return;
    cut.add(peer);
    observer.connectionCut();
    cuts.warn({ pid: peer.pid, uid: peer.uid, reason });
    peer.disconnect();
  };
}

function problemOf(counted: boolean, metadata: Metadata): string | undefined {
  if (!counted) return 'its user has too many calls';
  const sizes = Object.entries(metadata.toHttp2Headers()).map(([name, value]) => name.length + String(value).length);
  const size = sizes.reduce((sum, one) => sum + one, 0);
  return size <= largestMetadata ? undefined : `metadata of ${size} bytes, of ${largestMetadata} that are accepted`;
}
