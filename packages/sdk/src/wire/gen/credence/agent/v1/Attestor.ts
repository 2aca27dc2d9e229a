// From proto/credence/agent/v1/explain.proto

import type { Selector as _spire_api_types_Selector, Selector__Output as _spire_api_types_Selector__Output } from '../../../spire/api/types/Selector.js';

export interface Attestor {
  'type'?: (string);
  'selectors'?: (_spire_api_types_Selector)[];
  'error'?: (string);
  'timed_out'?: (boolean);
  'elapsed_ms'?: (number);
}

export interface Attestor__Output {
  'type': (string);
  'selectors': (_spire_api_types_Selector__Output)[];
  'error': (string);
  'timed_out': (boolean);
  'elapsed_ms': (number);
}
