// The end of a listener and of the gRPC servers behind it.
import type { Server, Socket } from 'node:net';
import type { Clock } from '@credence/sdk/runtime';
import type { InjectedServer } from './injected-server.js';

export interface RunningListener {
  readonly listener: Server;
  readonly sockets: ReadonlySet<Socket>;
  readonly servers: readonly InjectedServer[];
  readonly clock: Clock;
}

const graceMs = 10_000;

/** Stops accepting at once, lets calls finish, and cuts what is still open after ten seconds. */
export async function shutDown({ listener, sockets, servers, clock }: RunningListener): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    listener.close(() => {
      resolve();
    });
  });
  const drained = Promise.all(servers.map((server) => server.drain()));
  const forced = new AbortController();
  const grace = clock.sleep(graceMs, { signal: forced.signal, ref: false }).catch(() => undefined);
  await Promise.race([drained, grace]);
  forced.abort();
  for (const socket of sockets) socket.destroy();
  await closed;
}
