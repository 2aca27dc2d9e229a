// The service: HTTPS with the SVID of the moment, for callers that are payments.
import { authorizeId } from '@credence/sdk';
import { createHttpsServer, peerOf } from '@credence/sdk/tls';
import { openIdentity, report, serial } from './identity.mjs';

const source = await openIdentity('orders');
const server = createHttpsServer(
  {
    svid: source,
    bundles: source,
    authorize: authorizeId('spiffe://example.org/payments'),
    logger: {
      debug() {},
      info() {},
      error() {},
      warn: (fields, message) => report({ refused: { message, ...fields } }),
    },
  },
  (request, response) => {
    response.end(JSON.stringify({ hello: String(peerOf(request).id), connection: connectionNumber(request.socket) }));
  },
);
server.listen(0, '127.0.0.1', () => {
  report({ listening: server.address().port, id: String(source.getX509Svid().id) });
});
source.on('update', () => report({ rotated: serial(source.getX509Svid()) }));

const connections = new Map();
function connectionNumber(socket) {
  if (!connections.has(socket)) connections.set(socket, connections.size + 1);
  return connections.get(socket);
}
