// The sockets that a listener has accepted and that are still open, from before any handshake.
import type { Server, Socket } from 'node:net';

export function trackSockets(listener: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  listener.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}
