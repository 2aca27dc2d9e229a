// The code of docs/grpc.md.
import type { Server as TlsServer } from 'node:tls';
import { Client, Server, type ChannelCredentials, type handleUnaryCall, type ServiceDefinition } from '@grpc/grpc-js';
import {
  authorizeId,
  authorizeMemberOf,
  type JwtBundleSource,
  type JwtSvidSource,
  type Logger,
  type X509SvidSource,
} from '@credence/sdk';
import {
  authorizeMethods,
  jwtCallCredentials,
  jwtSvidOfCall,
  mtlsChannelCredentials,
  mtlsServerCredentials,
  peerOfCall,
  requireJwtSvid,
  serveGrpc,
  tlsChannelCredentials,
} from '@credence/sdk/grpc';
import type { TrustedBundles } from '@credence/sdk/tls';

type Source = X509SvidSource & TrustedBundles;

export const greeter: ServiceDefinition = {
  Greet: {
    path: '/example.Greeter/Greet',
    requestStream: false,
    responseStream: false,
    requestSerialize: (text: string) => Buffer.from(text),
    requestDeserialize: String,
    responseSerialize: (text: string) => Buffer.from(text),
    responseDeserialize: String,
  },
};

export function served(source: Source, port: number): TlsServer {
  const greet: handleUnaryCall<string, string> = (call, done) => {
    done(null, `hello ${String(peerOfCall(call)?.id)}`);
  };
  const server = new Server();
  server.addService(greeter, { Greet: greet });
  const listener = serveGrpc(server, { svid: source, bundles: source, authorize: authorizeMemberOf('example.org') });
  listener.listen(port);
  return listener;
}

export function withRules(): Server {
  const server = new Server({
    interceptors: [
      authorizeMethods({
        '/example.Greeter/Greet': authorizeMemberOf('example.org'),
        '/example.Admin/*': authorizeId('spiffe://example.org/operator'),
      }),
    ],
  });
  return server;
}

export function bound(server: Server, source: Source, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const onBound = (error: Error | null, port: number): void => {
      if (error === null) resolve(port);
      else reject(error);
    };
    const credentials = mtlsServerCredentials({
      svid: source,
      bundles: source,
      authorize: authorizeMemberOf('example.org'),
    });
    server.bindAsync(address, credentials, onBound);
  });
}

export function dialled(source: Source, address: string): Client {
  const credentials = mtlsChannelCredentials({
    svid: source,
    bundles: source,
    authorize: authorizeId('spiffe://example.org/greeter'),
  });
  const client = new Client(address, credentials);
  return client;
}

export function withToken(source: Source, tokens: JwtSvidSource): ChannelCredentials {
  const tls = tlsChannelCredentials({ bundles: source, authorize: authorizeId('spiffe://example.org/greeter') });
  const credentials = tls.compose(jwtCallCredentials(tokens, { audience: 'spiffe://example.org/greeter' }));
  return credentials;
}

export function askingForTokens(jwtBundles: JwtBundleSource, log: Logger): Server {
  const greet: handleUnaryCall<string, string> = (call, done) => {
    done(null, `hello ${String(jwtSvidOfCall(call)?.id)}`);
  };
  const server = new Server({
    interceptors: [
      requireJwtSvid({
        bundles: jwtBundles,
        audience: 'spiffe://example.org/greeter',
        authorize: authorizeMemberOf('example.org'),
        onRefusal: (error, { method }) => {
          log.warn({ method, reason: error.message }, 'refused');
        },
      }),
    ],
  });
  server.addService(greeter, { Greet: greet });
  return server;
}
