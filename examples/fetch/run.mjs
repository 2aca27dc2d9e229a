// Node's own fetch over mutual TLS: a dispatcher of undici whose connections the SDK makes.
import { once } from 'node:events';
import { X509Source, authorizeId } from '@credence/sdk';
import { createHttpsServer, peerOf, spiffeConnector } from '@credence/sdk/tls';
import { Agent } from 'undici';

// The service.
const greeter = await X509Source.create({ hint: 'greeter', timeoutMs: 10_000 });
const server = createHttpsServer(
  { svid: greeter, bundles: greeter, authorize: authorizeId('spiffe://example.org/caller') },
  (request, response) => response.end(`hello ${peerOf(request).id}`),
).listen(0, '127.0.0.1');
await once(server, 'listening');

// Its client. One dispatcher has one authorizer, because connections are shared.
const caller = await X509Source.create({ hint: 'caller', timeoutMs: 10_000 });
const authorize = authorizeId('spiffe://example.org/greeter');
const dispatcher = new Agent({ connect: spiffeConnector({ svid: caller, bundles: caller, authorize }) });
const response = await fetch(`https://127.0.0.1:${server.address().port}/`, { dispatcher });
console.log('greeter answered:', await response.text());

await dispatcher.close();
server.close();
await Promise.all([greeter.close(), caller.close()]);
