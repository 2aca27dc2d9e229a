// From proto/credence/agent/v1/explain.proto

import type { Long } from '@grpc/proto-loader';

export interface Sync {
  'last_success'?: (number | string | Long);
  'last_failure'?: (number | string | Long);
  'last_error'?: (string);
  'from_disk_since'?: (number | string | Long);
}

export interface Sync__Output {
  'last_success': (string);
  'last_failure': (string);
  'last_error': (string);
  'from_disk_since': (string);
}
