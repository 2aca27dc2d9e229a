// No caller can make the agent hold more than a bounded number of calls, nor large or unfinished ones. A status alone
// would not do: HTTP/2 keeps a stream until its caller ends it, too. Whoever goes too far loses the connection.
import { ServerInterceptingCall, type Metadata, type ServerInterceptor } from '@grpc/grpc-js';
import type { Clock, Logger } from '@credence/sdk/runtime';
import { FairShare } from './fair-share.js';
import { largestMetadata, mostCalls, mostIncompleteCalls, requestTimeMs } from './limits.js';
import type { Peer } from './peer.js';
import type { PeerRegistry } from './peer-registry.js';
import { QuietLog } from './quiet-log.js';

export interface BoundCallsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly peers: PeerRegistry;
}

/** The first interceptor of the endpoint; it leaves calls without a known peer to others. */
export function boundCalls({ clock, log, peers }: BoundCallsOptions): ServerInterceptor {
  const calls = new FairShare(mostCalls);
  const incomplete = new WeakMap<Peer, number>();
  const cut = new WeakSet<Peer>();
  const cuts = new QuietLog({ clock, log, message: 'connection cut' });

  const disconnect = (peer: Peer, reason: string): void => {
    if (cut.has(peer)) return;
    cut.add(peer);
    cuts.warn({ pid: peer.pid, uid: peer.uid, reason });
    peer.disconnect();
  };

  const limitTime = (peer: Peer, complete: AbortSignal): void => {
    clock.sleep(requestTimeMs, { signal: complete, ref: false }).then(
      () => {
        disconnect(peer, 'a request was not completed in time');
      },
      () => undefined,
    );
  };

  const countIncomplete = (peer: Peer): void => {
    const count = (incomplete.get(peer) ?? 0) + 1;
    incomplete.set(peer, count);
    if (count > mostIncompleteCalls) disconnect(peer, 'too many calls ended before their requests were complete');
  };

  return (_method, call) => {
    const peer = peers.find(call.getConnectionInfo().remoteAddress);
    if (peer === undefined) return new ServerInterceptingCall(call);
    const complete = new AbortController();
    let counted = false;
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
            proceed(metadata);
          },
          onReceiveHalfClose: (proceed) => {
            complete.abort();
            proceed();
          },
          onCancel: () => {
            if (counted) calls.giveBack(peer.uid);
            if (!complete.signal.aborted) countIncomplete(peer);
            complete.abort();
          },
        });
      },
    });
  };
}

function problemOf(counted: boolean, metadata: Metadata): string | undefined {
  if (!counted) return 'its user has too many calls';
  const sizes = Object.entries(metadata.toHttp2Headers()).map(([name, value]) => name.length + String(value).length);
  const size = sizes.reduce((sum, one) => sum + one, 0);
  return size <= largestMetadata ? undefined : `metadata of ${size} bytes, of ${largestMetadata} that are accepted`;
}
