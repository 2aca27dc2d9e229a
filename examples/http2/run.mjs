// The same as https over HTTP/2: one connection, many requests, both sides with an SVID.
import { once } from 'node:events';
import http2 from 'node:http2';
import { text } from 'node:stream/consumers';
import { X509Source, authorizeId } from '@credence/sdk';
import { createHttp2Server, mtlsClientOptions, peerOf } from '@credence/sdk/tls';

// The service.
const greeter = await X509Source.create({ hint: 'greeter', timeoutMs: 10_000 });
const server = createHttp2Server(
  { svid: greeter, bundles: greeter, authorize: authorizeId('spiffe://example.org/caller') },
  (request, response) => response.end(`${request.url} for ${peerOf(request).id}`),
).listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `https://127.0.0.1:${server.address().port}`;

// Its client: new options for each connection, because SVID and bundles change.
const caller = await X509Source.create({ hint: 'caller', timeoutMs: 10_000 });
const options = (id) => mtlsClientOptions({ svid: caller, bundles: caller, authorize: authorizeId(id) });
const session = http2.connect(url, options('spiffe://example.org/greeter'));
const answers = await Promise.all(['/one', '/two', '/three'].map((path) => text(session.request({ ':path': path }))));
console.log('greeter answered:', answers.join(', '));
session.close();

// A client that expects somebody else hangs up before it has said anything.
const careful = http2.connect(url, options('spiffe://example.org/bank'));
const [{ code, message }] = await once(careful, 'error');
console.log('caller hung up:', code, message);

server.close();
await Promise.all([greeter.close(), caller.close()]);
