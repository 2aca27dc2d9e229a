// What has become of the entries that a ring named.
import type { GetEntriesRequest__Output } from '@credence/sdk/wire/gen/credence/server/v1/GetEntriesRequest.js';
import type { GetEntriesResponse } from '@credence/sdk/wire/gen/credence/server/v1/GetEntriesResponse.js';
import { serverError } from '../../domain/errors.js';
import { agentOf } from '../call.js';
import { encodeEntry } from '../convert/entry.js';
import type { UnaryHandler } from '../pipeline.js';
import type { ChangesServicePorts } from './ports.js';

const mostIds = 500;

export function getEntries({
  authorized,
}: ChangesServicePorts): UnaryHandler<GetEntriesRequest__Output, GetEntriesResponse> {
  return ({ ids }, call) => {
    if (ids.length > mostIds) throw serverError('ERR_INVALID_ARGUMENT', `more than ${mostIds} IDs`);
    const { id: agentId } = agentOf(call);
    const entries = [...new Set(ids)].flatMap((id) => authorized.find(agentId, id) ?? []);
    return Promise.resolve({ entries: entries.map((entry) => encodeEntry(entry, null)) });
  };
}
