// From proto/credence/agent/v1/explain.proto

import type { Entry as _credence_agent_v1_Entry, Entry__Output as _credence_agent_v1_Entry__Output } from '../../../credence/agent/v1/Entry.js';
import type { Selector as _spire_api_types_Selector, Selector__Output as _spire_api_types_Selector__Output } from '../../../spire/api/types/Selector.js';

export interface Missed {
  'entry'?: (_credence_agent_v1_Entry | null);
  'missing_selectors'?: (_spire_api_types_Selector)[];
}

export interface Missed__Output {
  'entry': (_credence_agent_v1_Entry__Output | null);
  'missing_selectors': (_spire_api_types_Selector__Output)[];
}
