// The service: HTTPS with the SVID of the moment, for callers that are payments.
import { authorizeId } from '@credence/sdk';
import { createHttpsServer, peerOf } from '@credence/sdk/tls';
import { setInterval } from 'node:timers/promises';
import { openIdentity, report, serial } from './identity.mjs';

const source = await openIdentity('orders');
const refusals = {
  debug() {},
  info() {},
  error() {},
  warn: (fields, message) => report({ refused: { message, fields } }),
};
const server = createHttpsServer(
  { svid: source, bundles: source, authorize: authorizeId('spiffe://example.org/payments'), logger: refusals },
  (request, response) => {
    if (request.url === '/ticks') void tick(response);
    else response.end(`hello ${peerOf(request).id}`);
  },
);
server.listen(0, '127.0.0.1', () => {
  report({ listening: server.address().port, id: String(source.getX509Svid().id) });
});
source.on('update', () => report({ rotated: serial(source.getX509Svid()) }));

/** One answer that never ends: a connection that stays open. */
async function tick(response) {
  for await (const _ of setInterval(100)) {
    if (response.destroyed) return;
    response.write('tick\n');
  }
}
