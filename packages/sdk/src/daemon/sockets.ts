// Sockets that a listener has accepted.
import type { Server, Socket } from 'node:net';

/** Those that are still open, from before any handshake. */
export function trackSockets(listener: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  listener.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

/**
 * Reads no more of a socket, at once and also where HTTP/2 has taken it over: its own `pause` does nothing then, and
 * without this as much is read in one go as the other side can send meanwhile. Its end, too, is not seen before
 * {@link resumeReading}. Node's types do not know the handle, which is there in every version that we support.
 */
export function pauseReading(socket: Socket): void {
  handleOf(socket)?.readStop();
}

export function resumeReading(socket: Socket): void {
  handleOf(socket)?.readStart();
}

function handleOf(socket: Socket): { readStop(): void; readStart(): void } | null | undefined {
  return (socket as unknown as { readonly _handle?: ReturnType<typeof handleOf> })._handle;
}
