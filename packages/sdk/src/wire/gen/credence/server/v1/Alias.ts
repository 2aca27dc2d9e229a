// From proto/credence/server/v1/explain.proto

import type { SPIFFEID as _spire_api_types_SPIFFEID, SPIFFEID__Output as _spire_api_types_SPIFFEID__Output } from '../../../spire/api/types/SPIFFEID.js';
import type { Selector as _spire_api_types_Selector, Selector__Output as _spire_api_types_Selector__Output } from '../../../spire/api/types/Selector.js';

export interface Alias {
  'id'?: (_spire_api_types_SPIFFEID | null);
  'entry_id'?: (string);
  'missing_selectors'?: (_spire_api_types_Selector)[];
}

export interface Alias__Output {
  'id': (_spire_api_types_SPIFFEID__Output | null);
  'entry_id': (string);
  'missing_selectors': (_spire_api_types_Selector__Output)[];
}
