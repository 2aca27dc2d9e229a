// Filters over registration entries, wire → domain.
import type { SpiffeId, TrustDomain } from '@credence/sdk';
import type { _spire_api_server_entry_v1_ListEntriesRequest_Filter__Output as WireFilter } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/ListEntriesRequest.js';
import type { FederatesWithMatch__Output } from '@credence/sdk/wire/gen/spire/api/types/FederatesWithMatch.js';
import { serverError } from '../../domain/errors.js';
import type { EntryFilter } from '../../domain/registration-entry.js';
import { describe } from '../interceptors/errors.js';
import { checkSetSize, decodeMatch, decodeSelectorMatch } from './selector.js';
import { decodeMemberId, decodeTrustDomain, decodeWorkloadId } from './spiffe-id.js';

/** @throws StatusError INVALID_ARGUMENT `malformed … filter: …` */
export function decodeEntryFilter(wire: WireFilter | null, trustDomain: TrustDomain): EntryFilter {
  if (wire === null) return {};
  const { by_parent_id, by_spiffe_id, by_selectors, by_federates_with } = wire;
  const hint = wire.by_hint?.value ?? '';
  return {
    ...present('parentId', by_parent_id, 'parent ID', (id): SpiffeId => decodeMemberId(id, trustDomain)),
    ...present('spiffeId', by_spiffe_id, 'SPIFFE ID', (id): SpiffeId => decodeWorkloadId(id, trustDomain)),
    ...present('selectors', by_selectors, 'selectors', decodeSelectorMatch),
    ...present('federatesWith', by_federates_with, 'federates with', decodeFederatesWith),
    ...(hint === '' ? {} : { hint }),
    // Clients send false when they mean no filter.
    ...(wire.by_downstream?.value === true ? { downstream: true } : {}),
  };
}

function decodeFederatesWith(wire: FederatesWithMatch__Output): NonNullable<EntryFilter['federatesWith']> {
  checkSetSize('trust domains', wire.trust_domains);
  const trustDomains = wire.trust_domains.map(decodeTrustDomain);
  if (trustDomains.length === 0) throw serverError('ERR_INVALID_ARGUMENT', 'empty trust domain set');
  return { match: decodeMatch(wire.match), trustDomains };
}

function present<Key extends string, Wire, Value>(
  key: Key,
  wire: Wire | null,
  name: string,
  decode: (wire: Wire) => Value,
): Partial<Record<Key, Value>> {
  if (wire === null) return {};
  try {
    return { [key]: decode(wire) } as Record<Key, Value>;
  } catch (error) {
    throw describe(`malformed ${name} filter`, error);
  }
}
