// One call to a daemon, as the commands of both make it.
import type { requestCallback } from '@grpc/grpc-js';
import { errorText, isUnavailable } from './exit.js';

/** The answer of one unary call. @throws ServiceError */
export function answer<Response>(call: (done: requestCallback<Response>) => unknown): Promise<Response> {
  return new Promise((resolve, reject) => {
    call((error, response) => {
      if (error !== null) reject(error);
      else if (response === undefined) reject(new TypeError('the call ended without a response'));
      else resolve(response);
    });
  });
}

/** What `work` comes to; what it throws begins with `message`. */
export async function failing<T>(message: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // The hint about a daemon that is away is made from the call's own error.
    if (isUnavailable(error)) throw error;
    throw new Error(`${message}: ${errorText(error)}`, { cause: error });
  }
}
