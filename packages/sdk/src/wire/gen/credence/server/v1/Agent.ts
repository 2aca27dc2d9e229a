// From proto/credence/server/v1/explain.proto

import type { Selector as _spire_api_types_Selector, Selector__Output as _spire_api_types_Selector__Output } from '../../../spire/api/types/Selector.js';
import type { Long } from '@grpc/proto-loader';

// From proto/credence/server/v1/explain.proto

export const _credence_server_v1_Agent_State = {
  STATE_UNKNOWN: 'STATE_UNKNOWN',
  STATE_ATTESTED: 'STATE_ATTESTED',
  STATE_EXPIRED: 'STATE_EXPIRED',
  STATE_BANNED: 'STATE_BANNED',
} as const;

export type _credence_server_v1_Agent_State =
  | 'STATE_UNKNOWN'
  | 0
  | 'STATE_ATTESTED'
  | 1
  | 'STATE_EXPIRED'
  | 2
  | 'STATE_BANNED'
  | 3

export type _credence_server_v1_Agent_State__Output = typeof _credence_server_v1_Agent_State[keyof typeof _credence_server_v1_Agent_State]

export interface Agent {
  'state'?: (_credence_server_v1_Agent_State);
  'selectors'?: (_spire_api_types_Selector)[];
  'expires_at'?: (number | string | Long);
}

export interface Agent__Output {
  'state': (_credence_server_v1_Agent_State__Output);
  'selectors': (_spire_api_types_Selector__Output)[];
  'expires_at': (string);
}
