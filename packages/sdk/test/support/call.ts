import type { Client, requestCallback } from '@grpc/grpc-js';

type RequestOf<Method> = Method extends (request: infer Request, done: requestCallback<infer _>) => unknown
  ? Request
  : never;
type ResponseOf<Method> = Method extends (request: infer _, done: requestCallback<infer Response>) => unknown
  ? Response
  : never;

/** Calls a unary method of a client as a promise: `call(client, 'CountEntries', {})`. */
export function call<C extends Client, Name extends keyof C & string>(
  client: C,
  method: Name,
  request: RequestOf<C[Name]>,
): Promise<ResponseOf<C[Name]>> {
  type Unary = (request: unknown, done: requestCallback<ResponseOf<C[Name]>>) => unknown;
  return new Promise((resolve, reject) => {
    (client[method] as Unary).call(client, request, (error, response) => {
      if (error !== null || response === undefined) reject(error ?? new Error('no response'));
      else resolve(response);
    });
  });
}
