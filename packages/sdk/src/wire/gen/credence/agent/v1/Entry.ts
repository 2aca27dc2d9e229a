// From proto/credence/agent/v1/explain.proto

import type { SPIFFEID as _spire_api_types_SPIFFEID, SPIFFEID__Output as _spire_api_types_SPIFFEID__Output } from '../../../spire/api/types/SPIFFEID.js';
import type { Selector as _spire_api_types_Selector, Selector__Output as _spire_api_types_Selector__Output } from '../../../spire/api/types/Selector.js';

export interface Entry {
  'id'?: (string);
  'spiffe_id'?: (_spire_api_types_SPIFFEID | null);
  'selectors'?: (_spire_api_types_Selector)[];
  'hint'?: (string);
  'federates_with'?: (string)[];
}

export interface Entry__Output {
  'id': (string);
  'spiffe_id': (_spire_api_types_SPIFFEID__Output | null);
  'selectors': (_spire_api_types_Selector__Output)[];
  'hint': (string);
  'federates_with': (string)[];
}
