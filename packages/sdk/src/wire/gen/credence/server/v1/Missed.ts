// From proto/credence/server/v1/explain.proto

import type { Entry as _spire_api_types_Entry, Entry__Output as _spire_api_types_Entry__Output } from '../../../spire/api/types/Entry.js';
import type { Selector as _spire_api_types_Selector, Selector__Output as _spire_api_types_Selector__Output } from '../../../spire/api/types/Selector.js';
import type { Parent as _credence_server_v1_Parent, Parent__Output as _credence_server_v1_Parent__Output } from '../../../credence/server/v1/Parent.js';

export interface Missed {
  'entry'?: (_spire_api_types_Entry | null);
  'missing_selectors'?: (_spire_api_types_Selector)[];
  'parent'?: (_credence_server_v1_Parent | null);
  'store_svid'?: (boolean);
}

export interface Missed__Output {
  'entry': (_spire_api_types_Entry__Output | null);
  'missing_selectors': (_spire_api_types_Selector__Output)[];
  'parent': (_credence_server_v1_Parent__Output | null);
  'store_svid': (boolean);
}
