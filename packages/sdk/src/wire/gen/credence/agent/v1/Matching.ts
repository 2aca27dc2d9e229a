// From proto/credence/agent/v1/explain.proto

import type { Entry as _credence_agent_v1_Entry, Entry__Output as _credence_agent_v1_Entry__Output } from '../../../credence/agent/v1/Entry.js';
import type { Long } from '@grpc/proto-loader';

// From proto/credence/agent/v1/explain.proto

export const _credence_agent_v1_Matching_State = {
  STATE_SERVED: 'STATE_SERVED',
  STATE_WAITS: 'STATE_WAITS',
  STATE_HINT_TAKEN: 'STATE_HINT_TAKEN',
  STATE_STORED: 'STATE_STORED',
} as const;

export type _credence_agent_v1_Matching_State =
  | 'STATE_SERVED'
  | 0
  | 'STATE_WAITS'
  | 1
  | 'STATE_HINT_TAKEN'
  | 2
  | 'STATE_STORED'
  | 3

export type _credence_agent_v1_Matching_State__Output = typeof _credence_agent_v1_Matching_State[keyof typeof _credence_agent_v1_Matching_State]

export interface Matching {
  'entry'?: (_credence_agent_v1_Entry | null);
  'state'?: (_credence_agent_v1_Matching_State);
  'is_default'?: (boolean);
  'expires_at'?: (number | string | Long);
}

export interface Matching__Output {
  'entry': (_credence_agent_v1_Entry__Output | null);
  'state': (_credence_agent_v1_Matching_State__Output);
  'is_default': (boolean);
  'expires_at': (string);
}
