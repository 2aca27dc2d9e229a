// A TLS server on loopback and calls to it, with real handshakes.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import { connect, type ClientOptions } from '@credence/sdk/tls';

export async function listening(server: Server): Promise<{ readonly server: Server; readonly port: number }> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

/** Greets every accepted client, whose `connect` alone does not show that TLS 1.3 let it in. */
export function greet(socket: TLSSocket): void {
  socket.on('error', () => undefined).write('hello');
  socket.on('data', (data: Buffer) => socket.write(data));
}

type Target = ClientOptions & { readonly signal?: AbortSignal };

/** Connects and waits for the greeting. */
export async function greeted(port: number, options: Target): Promise<TLSSocket> {
  const socket = await connect({ host: '127.0.0.1', port, ...options });
  await answered(socket);
  return socket;
}

/** Resolves with data; rejects when the connection ends instead. */
export async function answered(socket: TLSSocket): Promise<string> {
  const settled = new AbortController();
  const { signal } = settled;
  try {
    const ended = once(socket, 'close', { signal }).then(() => {
      throw new Error('closed by the peer');
    });
    const [data] = (await Promise.race([once(socket, 'data', { signal }), ended])) as [Buffer];
    return data.toString();
  } finally {
    settled.abort();
  }
}

export async function close(server: Server, ...sockets: readonly TLSSocket[]): Promise<void> {
  for (const socket of sockets) socket.destroy();
  const closed = once(server, 'close');
  server.close();
  if ('closeAllConnections' in server) (server.closeAllConnections as () => void)();
  await closed;
}
