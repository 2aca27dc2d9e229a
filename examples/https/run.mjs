// An HTTPS service that lets only `caller` in, and its client: neither has a certificate or a key in a file.
import { once } from 'node:events';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { X509Source, authorizeId } from '@credence/sdk';
import { SpiffeAgent, createHttpsServer, peerOf } from '@credence/sdk/tls';

// The service.
const greeter = await X509Source.create({ hint: 'greeter', timeoutMs: 10_000 });
const server = createHttpsServer(
  { svid: greeter, bundles: greeter, authorize: authorizeId('spiffe://example.org/caller') },
  (request, response) => response.end(`hello ${peerOf(request).id}`),
).listen(0, '127.0.0.1');
await once(server, 'listening');
const address = { host: '127.0.0.1', port: server.address().port };

// Its client, which accepts no other server.
const caller = await X509Source.create({ hint: 'caller', timeoutMs: 10_000 });
const agent = (id) => new SpiffeAgent({ svid: caller, bundles: caller, authorize: authorizeId(id) });
console.log('greeter answered:', await get({ ...address, agent: agent('spiffe://example.org/greeter') }));

// A client that expects somebody else hangs up before it has said anything.
const { code, message } = await get({ ...address, agent: agent('spiffe://example.org/bank') }).catch((error) => error);
console.log('caller hung up:', code, message);

server.close();
await Promise.all([greeter.close(), caller.close()]);

async function get(options) {
  const [response] = await once(https.get(options), 'response');
  return text(response);
}
