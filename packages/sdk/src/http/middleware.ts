// One decision in the shapes of the frameworks. Their types are written down here as far as they are used, so that no
// framework is needed to load or to compile this.
import { STATUS_CODES } from 'node:http';
import type { IncomingRequest } from './caller.js';
import type { Decision, Refusal } from './guard.js';

/**
 * For Express, Connect and plain handlers. `next` is called without arguments and only for a request that passes; every
 * other one is answered here.
 */
export type ConnectMiddleware = (request: IncomingRequest, response: ConnectResponse, next: () => void) => void;

/** What is used of `http.ServerResponse` and of `http2.Http2ServerResponse`. */
export interface ConnectResponse {
  statusCode: number;
  readonly headersSent: boolean;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

/** For Koa. */
export type KoaMiddleware = (context: KoaContext, next: () => Promise<unknown>) => Promise<void>;

/** What is used of Koa's context. */
export interface KoaContext {
  readonly req: IncomingRequest;
  readonly state: object;
  status: number;
  body: unknown;
  set(name: string, value: string): unknown;
}

/** For Fastify, as an `onRequest` hook. */
export type FastifyHook = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** What is used of Fastify's request. */
export interface FastifyRequest {
  readonly raw: IncomingRequest;
}

/** What is used of Fastify's reply. */
export interface FastifyReply {
  code(status: number): unknown;
  header(name: string, value: string): unknown;
  send(body: string): unknown;
}

/** A middleware in every shape. */
export interface MiddlewareFactory<Arguments extends readonly unknown[]> {
  /** For Express, Connect and plain handlers: the caller is in `request.spiffe`. */
  (...options: Arguments): ConnectMiddleware;
  /** The caller is in `context.state.spiffe`, and in `context.req.spiffe`. */
  koa(...options: Arguments): KoaMiddleware;
  /** The caller is in `request.spiffe`, and in `request.raw.spiffe`. */
  fastify(...options: Arguments): FastifyHook;
}

export function inEveryShape<Arguments extends readonly unknown[]>(
  decision: (...options: Arguments) => Decision,
): MiddlewareFactory<Arguments> {
  return Object.assign((...options: Arguments) => forConnect(decision(...options)), {
    koa: (...options: Arguments) => forKoa(decision(...options)),
    fastify: (...options: Arguments) => forFastify(decision(...options)),
  });
}

function forConnect(decide: Decision): ConnectMiddleware {
  return (request, response, next) => {
    void decide(request).then((refused) => {
      if (refused === undefined) {
        next();
        return;
      }
      if (response.headersSent) return; // By somebody who did not wait.
      response.statusCode = refused.status;
      for (const [name, value] of headersOf(refused)) response.setHeader(name, value);
      response.end(bodyOf(refused));
    });
  };
}

function forKoa(decide: Decision): KoaMiddleware {
  return async (context, next) => {
    const refused = await decide(context.req);
    if (refused === undefined) {
      Object.assign(context.state, { spiffe: context.req.spiffe });
      await next();
      return;
    }
    context.status = refused.status;
    for (const [name, value] of headersOf(refused)) context.set(name, value);
    context.body = bodyOf(refused);
  };
}

function forFastify(decide: Decision): FastifyHook {
  return async (request, reply) => {
    const refused = await decide(request.raw);
    if (refused === undefined) {
      Object.assign(request, { spiffe: request.raw.spiffe });
      return undefined;
    }
    reply.code(refused.status);
    for (const [name, value] of headersOf(refused)) reply.header(name, value);
    return reply.send(bodyOf(refused));
  };
}

function headersOf({ challenge }: Refusal): readonly (readonly [name: string, value: string])[] {
  const type = ['Content-Type', 'text/plain; charset=utf-8'] as const;
  return challenge === undefined ? [type] : [type, ['WWW-Authenticate', challenge]];
}

function bodyOf({ status }: Refusal): string {
  return `${STATUS_CODES[status] ?? 'Refused'}\n`;
}
