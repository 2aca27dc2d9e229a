// BatchNewX509SVID, with batches as large as the server bears.
import { status } from '@grpc/grpc-js';
import type { SVIDClient } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/SVID.js';
import type { BatchNewX509SVIDResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/BatchNewX509SVIDResponse.js';
import { agentError } from '../domain/errors.js';
import { unary } from './calls.js';

const largestBatch = 500;

/** How many SVIDs to ask for at once: half after an error, twice after a success. */
export class BatchSize {
  #size = largestBatch;

  get value(): number {
    return this.#size;
  }

  succeeded(): void {
    this.#size = Math.min(this.#size * 2, largestBatch);
  }

  failed(): void {
    this.#size = Math.max(Math.floor(this.#size / 2), 1);
  }
}

export interface NewX509SvidRequest {
  readonly entryId: string;
  readonly csr: Buffer;
}

export type NewX509SvidResult =
  | { readonly kind: 'issued'; readonly chain: readonly Buffer[] }
  | { readonly kind: 'refused'; readonly reason: string };

/** One result a request, in order. @throws ERR_SERVER_RESPONSE, ServiceError */
export async function newX509Svids(
  client: SVIDClient,
  requests: readonly NewX509SvidRequest[],
  signal: AbortSignal,
): Promise<readonly NewX509SvidResult[]> {
  const params = requests.map(({ entryId, csr }) => ({ entry_id: entryId, csr }));
  const { results } = await unary(client.batchNewX509Svid.bind(client), { params }, signal);
  if (results.length !== requests.length) {
    throw agentError(
      'ERR_SERVER_RESPONSE',
      `BatchNewX509SVID: ${results.length} results to ${requests.length} requests`,
    );
  }
  return results.map(parseResult);
}

function parseResult(result: BatchNewX509SVIDResponse__Output['results'][number]): NewX509SvidResult {
  const code = result.status?.code ?? status.OK;
  if (code !== (status.OK as number))
    return { kind: 'refused', reason: result.status?.message ?? status[code] ?? 'UNKNOWN' };
  if (result.svid === null) return { kind: 'refused', reason: 'the server sent no X.509-SVID' };
  return { kind: 'issued', chain: result.svid.cert_chain };
}
