// Signs for the workloads of an agent. Of a request only the key is used: what the SVID says is what the entry says, and
// the entry must be one that this agent may serve.
import type { BatchNewX509SVIDRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/BatchNewX509SVIDRequest.js';
import type { BatchNewX509SVIDResponse } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/BatchNewX509SVIDResponse.js';
import type { NewX509SVIDParams__Output } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/NewX509SVIDParams.js';
import type { SpiffeId } from '@credence/sdk';
import type { X509SVID } from '@credence/sdk/wire/gen/spire/api/types/X509SVID.js';
import type { CheckedCsr, X509SvidIssuer } from '../../ca/ports.js';
import { serverError } from '../../domain/errors.js';
import type { RegistrationEntry } from '../../domain/registration-entry.js';
import type { AuthorizedEntries } from '../../registration/ports.js';
import { recheckAgent } from '../agent-check.js';
import { runBatch } from '../batch.js';
import { agentOf } from '../call.js';
import { encodeX509Svid } from '../convert/svid.js';
import { itemNotFound, ok } from '../interceptors/errors.js';
import type { UnaryHandler } from '../pipeline.js';
import type { SvidServicePorts } from './ports.js';

/** One item of the request, what its own request came to, and what it may be signed for. */
interface Item extends NewX509SVIDParams__Output {
  readonly checked: CheckedCsr | Error | undefined;
  readonly entry: RegistrationEntry | Error;
}

export function batchNewX509Svid(
  ports: SvidServicePorts,
): UnaryHandler<BatchNewX509SVIDRequest__Output, BatchNewX509SVIDResponse> {
  const { authorized, csrs, issuer, rateLimits } = ports;
  return async ({ params }, call) => {
    if (params.length === 0) throw serverError('ERR_INVALID_ARGUMENT', 'missing parameters');
    await rateLimits.take(call, params.length);
    const { id } = agentOf(call);
    // Checking is the costly part: only for what may be signed at all.
    const admitted = params.filter((item) => !(entitled(item, id, authorized) instanceof Error));
    const checks = await csrs.check(admitted.map(({ csr }) => csr));
    await recheckAgent(call, ports);
    const checked = new Map(admitted.map((item, index) => [item, checks[index]]));
    // Entries may have changed meanwhile, and whoever changed them has been answered.
    const items = params.map((item): Item => {
      return { ...item, checked: checked.get(item), entry: entitled(item, id, authorized) };
    });
    const results = await runBatch(call, items, auditFields, (item) => ({ status: ok, svid: sign(issuer, item) }));
    return { results };
  };
}

function entitled(
  { entry_id: entryId, csr }: NewX509SVIDParams__Output,
  agentId: SpiffeId,
  authorized: AuthorizedEntries,
): RegistrationEntry | Error {
  if (entryId === '') return serverError('ERR_INVALID_ARGUMENT', 'missing entry ID');
  if (csr.length === 0) return serverError('ERR_INVALID_ARGUMENT', 'missing CSR');
  // Whether the entry exists is not for an agent to learn that may not serve it.
  return authorized.find(agentId, entryId) ?? itemNotFound('entry not found or not authorized');
}

function sign(issuer: X509SvidIssuer, { entry, checked: csr }: Item): X509SVID {
  if (entry instanceof Error) throw entry;
  if (csr === undefined || csr instanceof Error) throw csr ?? serverError('ERR_CSR', 'malformed CSR: not checked');
  const svid = issuer.issueX509Svid({
    spiffeId: entry.spiffeId,
    publicKeyInfo: csr.publicKeyInfo,
    ttlSeconds: entry.x509SvidTtlSeconds,
    dnsNames: entry.dnsNames,
  });
  return encodeX509Svid(entry.spiffeId, svid);
}

function auditFields({ entry_id: entryId, entry }: Item): object {
  return { entry_id: entryId, ...(entry instanceof Error ? {} : { spiffe_id: entry.spiffeId.toString() }) };
}
