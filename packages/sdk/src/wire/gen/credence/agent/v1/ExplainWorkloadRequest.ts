// From proto/credence/agent/v1/explain.proto


export interface ExplainWorkloadRequest {
  'pid'?: (number);
  'limit'?: (number);
}

export interface ExplainWorkloadRequest__Output {
  'pid': (number);
  'limit': (number);
}
