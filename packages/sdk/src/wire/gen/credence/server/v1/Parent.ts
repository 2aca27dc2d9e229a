// From proto/credence/server/v1/explain.proto

import type { SPIFFEID as _spire_api_types_SPIFFEID, SPIFFEID__Output as _spire_api_types_SPIFFEID__Output } from '../../../spire/api/types/SPIFFEID.js';
import type { Alias as _credence_server_v1_Alias, Alias__Output as _credence_server_v1_Alias__Output } from '../../../credence/server/v1/Alias.js';

export interface Parent {
  'agents'?: (_spire_api_types_SPIFFEID)[];
  'aliases'?: (_credence_server_v1_Alias)[];
}

export interface Parent__Output {
  'agents': (_spire_api_types_SPIFFEID__Output)[];
  'aliases': (_credence_server_v1_Alias__Output)[];
}
