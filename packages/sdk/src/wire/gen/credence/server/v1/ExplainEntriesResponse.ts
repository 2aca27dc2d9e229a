// From proto/credence/server/v1/explain.proto

import type { Agent as _credence_server_v1_Agent, Agent__Output as _credence_server_v1_Agent__Output } from '../../../credence/server/v1/Agent.js';
import type { Entry as _spire_api_types_Entry, Entry__Output as _spire_api_types_Entry__Output } from '../../../spire/api/types/Entry.js';
import type { Missed as _credence_server_v1_Missed, Missed__Output as _credence_server_v1_Missed__Output } from '../../../credence/server/v1/Missed.js';

export interface ExplainEntriesResponse {
  'agent'?: (_credence_server_v1_Agent | null);
  'entries'?: (_spire_api_types_Entry)[];
  'missed'?: (_credence_server_v1_Missed)[];
  'missed_count'?: (number);
}

export interface ExplainEntriesResponse__Output {
  'agent': (_credence_server_v1_Agent__Output | null);
  'entries': (_spire_api_types_Entry__Output)[];
  'missed': (_credence_server_v1_Missed__Output)[];
  'missed_count': (number);
}
