// The same application in each framework, over TLS of the SDK: it answers who it takes the caller for.
import type { Server } from 'node:tls';
import express from 'express';
import fastify from 'fastify';
import Koa from 'koa';
import type { Caller, ConnectMiddleware, FastifyHook, KoaMiddleware, MiddlewareFactory } from '@credence/sdk/http';
import { createHttp2Server, createHttpsServer, type MtlsServerOptions } from '@credence/sdk/tls';

/** One middleware, as each framework takes it. */
export interface Gate {
  readonly connect: ConnectMiddleware;
  readonly koa: KoaMiddleware;
  readonly fastify: FastifyHook;
}

export function gateOf<Arguments extends readonly unknown[]>(
  factory: MiddlewareFactory<Arguments>,
  ...options: Arguments
): Gate {
  return { connect: factory(...options), koa: factory.koa(...options), fastify: factory.fastify(...options) };
}

export interface Shape {
  readonly name: string;
  readonly protocol: 'http/1.1' | 'h2';
  readonly serve: (gate: Gate, tls: MtlsServerOptions) => Server | Promise<Server>;
}

export const shapes: readonly Shape[] = [
  {
    name: 'a plain handler',
    protocol: 'http/1.1',
    serve: ({ connect }, tls) =>
      createHttpsServer(tls, (request, response) => {
        connect(request, response, () => response.end(describeCaller(request.spiffe)));
      }),
  },
  {
    name: 'a plain handler over HTTP/2',
    protocol: 'h2',
    serve: ({ connect }, tls) =>
      createHttp2Server(tls, (request, response) => {
        connect(request, response, () => {
          response.end(describeCaller(request.spiffe));
        });
      }),
  },
  {
    name: 'Express 5',
    protocol: 'http/1.1',
    serve: ({ connect }, tls) => {
      const app = express();
      app.use(connect);
      app.all('/*path', (request, response) => {
        response.end(describeCaller(request.spiffe));
      });
      app.get('/', (request, response) => {
        response.end(describeCaller(request.spiffe));
      });
      return createHttpsServer(tls, app);
    },
  },
  {
    name: 'Koa 3',
    protocol: 'http/1.1',
    serve: ({ koa }, tls) => {
      const app = new Koa<{ spiffe?: Caller }>();
      app.use(koa);
      app.use((context) => {
        context.body = describeCaller(context.state.spiffe);
      });
      const listener = app.callback();
      return createHttpsServer(tls, (request, response) => void listener(request, response));
    },
  },
  { name: 'Fastify 5', protocol: 'http/1.1', serve: ({ fastify: hook }, tls) => fastifyServer(hook, tls) },
];

async function fastifyServer(hook: FastifyHook, tls: MtlsServerOptions): Promise<Server> {
  let server: Server | undefined;
  const app = fastify({
    serverFactory: (handler) => (server = createHttpsServer(tls, handler)),
  });
  app.addHook('onRequest', hook);
  app.all('/*', (request, reply) => reply.send(describeCaller(request.raw.spiffe)));
  await app.ready();
  return server!;
}

function describeCaller(caller: Caller | undefined): string {
  return caller === undefined ? 'nobody' : `${caller.kind} ${String(caller.id)}`;
}
