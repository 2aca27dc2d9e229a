// A gRPC service that knows who calls each of its methods, and its client: neither has a certificate or a key in a file.
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { X509Source, authorizeId, authorizeMemberOf } from '@credence/sdk';
import { authorizeMethods, mtlsChannelCredentials, peerOfCall, serveGrpc } from '@credence/sdk/grpc';
import { Server, loadPackageDefinition, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const { Greeter } = loadPackageDefinition(loadSync(fileURLToPath(new URL('greeter.proto', import.meta.url)))).example;

// The service. The handshake lets the trust domain in, each method says who may call it.
const greeter = await X509Source.create({ hint: 'greeter', timeoutMs: 10_000 });
const mayCall = authorizeMethods({
  '/example.Greeter/Greet': authorizeId('spiffe://example.org/caller'),
  '/example.Greeter/Dismiss': authorizeId('spiffe://example.org/bank'),
});
const server = new Server({ interceptors: [mayCall] });
server.addService(Greeter.service, {
  greet: (call, done) => done(null, { text: `hello ${peerOfCall(call).id}` }),
  dismiss: (call, done) => done(null, { text: 'good bye' }),
});
const options = { svid: greeter, bundles: greeter, authorize: authorizeMemberOf('example.org') };
const listener = serveGrpc(server, options).listen(0, '127.0.0.1');
await once(listener, 'listening');

// Its client, which accepts no other server.
const caller = await X509Source.create({ hint: 'caller', timeoutMs: 10_000 });
const authorize = authorizeId('spiffe://example.org/greeter');
const credentials = mtlsChannelCredentials({ svid: caller, bundles: caller, authorize });
const client = new Greeter(`127.0.0.1:${listener.address().port}`, credentials);
console.log('greeter answered:', (await call('greet')).text);

const refusal = await call('dismiss').catch((error) => error);
console.log('greeter refused:', status[refusal.code], refusal.details);

client.close();
await listener[Symbol.asyncDispose]();
await Promise.all([greeter.close(), caller.close()]);

function call(method) {
  return new Promise((resolve, reject) => {
    client[method]({}, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}
