// An Express service whose handshake lets a whole trust domain in, and whose routes say who may call each.
import { once } from 'node:events';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { X509Source, authorizeId, authorizeMemberOf } from '@credence/sdk';
import { requireSpiffeId } from '@credence/sdk/http';
import { SpiffeAgent, createHttpsServer, observe } from '@credence/sdk/tls';
import express from 'express';

// The service.
const greeter = await X509Source.create({ hint: 'greeter', timeoutMs: 10_000 });
const app = express();
app.get('/hello', requireSpiffeId(authorizeId('spiffe://example.org/caller')), (request, response) => {
  response.send(`hello ${request.spiffe.id}`);
});

// The reason of a refusal is for the service alone.
const bank = authorizeId('spiffe://example.org/bank');
const onRefusal = ({ error }) => console.log('refused:', error.message);
app.get('/vault', requireSpiffeId(bank, { onRefusal }), (request, response) => response.send('gold'));

// A rule that is not enforced yet: who would be refused is reported, and served.
const soonBank = observe(bank, { onRefusal: ({ error }) => console.log('would be refused:', error.message) });
app.get('/ledger', requireSpiffeId(soonBank), (request, response) => response.send('numbers'));

const server = createHttpsServer(
  { svid: greeter, bundles: greeter, authorize: authorizeMemberOf('example.org') },
  app,
).listen(0, '127.0.0.1');
await once(server, 'listening');

// Its client.
const caller = await X509Source.create({ hint: 'caller', timeoutMs: 10_000 });
const authorize = authorizeId('spiffe://example.org/greeter');
const agent = new SpiffeAgent({ svid: caller, bundles: caller, authorize });
for (const path of ['/hello', '/vault', '/ledger']) {
  const [response] = await once(https.get({ host: '127.0.0.1', port: server.address().port, path, agent }), 'response');
  console.log(path, response.statusCode, (await text(response)).trim());
}

server.close();
await Promise.all([greeter.close(), caller.close()]);
