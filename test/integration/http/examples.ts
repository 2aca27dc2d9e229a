// The code of docs/http.md.
import type { Server } from 'node:tls';
import express from 'express';
import fastify from 'fastify';
import Koa from 'koa';
import {
  authorizeId,
  authorizeMemberOf,
  type JwtBundleSource,
  type JwtSvidSource,
  type Logger,
  type X509SvidSource,
} from '@credence/sdk';
import { requireJwtSvid, requireSpiffeId, withJwtSvid, type ConnectMiddleware } from '@credence/sdk/http';
import {
  createHttp2Server,
  createHttpsServer,
  observe,
  type MtlsServerOptions,
  type TrustedBundles,
} from '@credence/sdk/tls';

export function inExpress(source: X509SvidSource & TrustedBundles): Server {
  const app = express();
  app.get('/hello', requireSpiffeId(authorizeId('spiffe://example.org/caller')), (request, response) => {
    response.send(`hello ${String(request.spiffe?.id)}`);
  });
  const server = createHttpsServer({ svid: source, bundles: source, authorize: authorizeMemberOf('example.org') }, app);
  return server;
}

export async function inFastify(tls: MtlsServerOptions): Promise<Server> {
  const app = fastify({ serverFactory: (handler) => createHttpsServer(tls, handler) });
  app.addHook('onRequest', requireSpiffeId.fastify(authorizeId('spiffe://example.org/caller')));
  app.get('/hello', (request) => Promise.resolve(`hello ${String(request.raw.spiffe?.id)}`));
  await app.ready();
  return app.server;
}

export function inKoa(tls: MtlsServerOptions): Server {
  const app = new Koa();
  app.use(requireSpiffeId.koa(authorizeId('spiffe://example.org/caller')));
  app.use((context) => {
    context.body = `hello ${String(context.req.spiffe?.id)}`;
  });
  const listener = app.callback();
  return createHttpsServer(tls, (request, response) => void listener(request, response));
}

export function inHttp2(tls: MtlsServerOptions): Server {
  const requireCaller = requireSpiffeId(authorizeId('spiffe://example.org/caller'));
  const server = createHttp2Server(tls, (request, response) => {
    requireCaller(request, response, () => response.end(`hello ${String(request.spiffe?.id)}`));
  });
  return server;
}

export function byToken(jwt: JwtBundleSource, log: Pick<Logger, 'info'>): ConnectMiddleware {
  const requireCaller = requireJwtSvid({
    bundles: jwt,
    audience: 'spiffe://example.org/greeter',
    authorize: authorizeId('spiffe://example.org/caller'),
    onRefusal: ({ status, error }) => {
      log.info({ status, reason: error.message }, 'refused');
    },
  });
  return requireCaller;
}

export function observed(tls: MtlsServerOptions, wouldBeRefused: string[]): Server {
  const app = express();
  const soon = observe(authorizeId('spiffe://example.org/bank'), {
    onRefusal: ({ id }) => {
      wouldBeRefused.push(String(id));
    },
  });
  app.get('/ledger', requireSpiffeId(soon), (request, response) => {
    response.send('numbers');
  });
  return createHttpsServer(tls, app);
}

export async function call(fetch: typeof globalThis.fetch, jwt: JwtSvidSource, url: string): Promise<Response> {
  const fetchAsCaller = withJwtSvid(fetch, jwt, { audience: 'spiffe://example.org/greeter' });
  const response = await fetchAsCaller(url, { method: 'POST', body: 'pay' });
  return response;
}
