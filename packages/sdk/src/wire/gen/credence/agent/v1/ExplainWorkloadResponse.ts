// From proto/credence/agent/v1/explain.proto

import type { SPIFFEID as _spire_api_types_SPIFFEID, SPIFFEID__Output as _spire_api_types_SPIFFEID__Output } from '../../../spire/api/types/SPIFFEID.js';
import type { Attestor as _credence_agent_v1_Attestor, Attestor__Output as _credence_agent_v1_Attestor__Output } from '../../../credence/agent/v1/Attestor.js';
import type { Sync as _credence_agent_v1_Sync, Sync__Output as _credence_agent_v1_Sync__Output } from '../../../credence/agent/v1/Sync.js';
import type { Answer as _credence_agent_v1_Answer, Answer__Output as _credence_agent_v1_Answer__Output } from '../../../credence/agent/v1/Answer.js';
import type { Matching as _credence_agent_v1_Matching, Matching__Output as _credence_agent_v1_Matching__Output } from '../../../credence/agent/v1/Matching.js';
import type { Missed as _credence_agent_v1_Missed, Missed__Output as _credence_agent_v1_Missed__Output } from '../../../credence/agent/v1/Missed.js';

export interface ExplainWorkloadResponse {
  'agent_id'?: (_spire_api_types_SPIFFEID | null);
  'uid'?: (number);
  'gid'?: (number);
  'attestors'?: (_credence_agent_v1_Attestor)[];
  'sync'?: (_credence_agent_v1_Sync | null);
  'answer'?: (_credence_agent_v1_Answer);
  'matching'?: (_credence_agent_v1_Matching)[];
  'missed'?: (_credence_agent_v1_Missed)[];
  'missed_count'?: (number);
}

export interface ExplainWorkloadResponse__Output {
  'agent_id': (_spire_api_types_SPIFFEID__Output | null);
  'uid': (number);
  'gid': (number);
  'attestors': (_credence_agent_v1_Attestor__Output)[];
  'sync': (_credence_agent_v1_Sync__Output | null);
  'answer': (_credence_agent_v1_Answer__Output);
  'matching': (_credence_agent_v1_Matching__Output)[];
  'missed': (_credence_agent_v1_Missed__Output)[];
  'missed_count': (number);
}
