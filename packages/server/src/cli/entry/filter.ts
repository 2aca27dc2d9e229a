// The filter of `entry show` and `entry count`.
import type { FlagValues } from '@credence/sdk/daemon';
import type { _spire_api_server_entry_v1_ListEntriesRequest_Filter as Filter } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/ListEntriesRequest.js';
import { optionalId, parseTrustDomain, selectorMatch } from '../values.js';
import type { entryFilterFlags } from './flags.js';

/** @throws ERR_USAGE */
export function entryFilter(values: FlagValues<typeof entryFilterFlags>): Filter {
  const trustDomains = values.federatesWith.map((name) => parseTrustDomain('--federates-with', name));
  return {
    by_parent_id: optionalId('--parent-id', values.parentId),
    by_spiffe_id: optionalId('--spiffe-id', values.spiffeId),
    by_selectors: selectorMatch(values.selector, values.matchSelectorsOn),
    by_federates_with:
      trustDomains.length === 0 ? null : { trust_domains: trustDomains, match: values.matchFederatesWithOn },
    by_downstream: values.downstream ? { value: true } : null,
    by_hint: values.hint === '' ? null : { value: values.hint },
  };
}
