// A Fastify service whose handshake lets a whole trust domain in, and whose plugins say who may call their routes.
import https from 'node:https';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { X509Source, authorizeId, authorizeMemberOf } from '@credence/sdk';
import { requireSpiffeId } from '@credence/sdk/http';
import { SpiffeAgent, createHttpsServer } from '@credence/sdk/tls';
import fastify from 'fastify';

// The service.
const greeter = await X509Source.create({ hint: 'greeter', timeoutMs: 10_000 });
const tls = { svid: greeter, bundles: greeter, authorize: authorizeMemberOf('example.org') };
const app = fastify({ serverFactory: (handler) => createHttpsServer(tls, handler) });

// A hook holds for the routes of its plugin that come after it.
app.register(async (routes) => {
  routes.addHook('onRequest', requireSpiffeId.fastify(authorizeId('spiffe://example.org/caller')));
  routes.get('/hello', async (request) => `hello ${request.spiffe.id}`);
});
app.register(async (routes) => {
  const onRefusal = ({ error }) => console.log('refused:', error.message);
  routes.addHook('onRequest', requireSpiffeId.fastify(authorizeId('spiffe://example.org/bank'), { onRefusal }));
  routes.get('/vault', async () => 'gold');
});
await app.listen({ host: '127.0.0.1', port: 0 });

// Its client.
const caller = await X509Source.create({ hint: 'caller', timeoutMs: 10_000 });
const authorize = authorizeId('spiffe://example.org/greeter');
const agent = new SpiffeAgent({ svid: caller, bundles: caller, authorize });
for (const path of ['/hello', '/vault']) {
  const { port } = app.server.address();
  const [response] = await once(https.get({ host: '127.0.0.1', port, path, agent }), 'response');
  console.log(path, response.statusCode, (await text(response)).trim());
}

await app.close();
await Promise.all([greeter.close(), caller.close()]);
