// FetchX509SVID as a stream of responses.
import type { CallOptions } from '@grpc/grpc-js';
import type { SpiffeWorkloadAPIClient } from '@credence/sdk/wire/gen/SpiffeWorkloadAPI.js';
import type { X509SVIDResponse__Output } from '@credence/sdk/wire/gen/X509SVIDResponse.js';
import { workloadMetadata } from './workload-call.js';

/** The responses, until the stream ends or the reader leaves. @throws ServiceError; `signal.reason` */
export async function* fetchX509(
  client: SpiffeWorkloadAPIClient,
  { deadline, signal }: { readonly deadline?: Date; readonly signal?: AbortSignal },
): AsyncGenerator<X509SVIDResponse__Output, void, undefined> {
  const options: CallOptions = deadline === undefined ? {} : { deadline };
  const call = client.FetchX509SVID({}, workloadMetadata(), options);
  const cancel = (): void => {
    call.cancel();
  };
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    for await (const response of call) yield response as X509SVIDResponse__Output;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
    cancel();
  }
}
