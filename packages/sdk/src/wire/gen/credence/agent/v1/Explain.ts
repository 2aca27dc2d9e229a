// From proto/credence/agent/v1/explain.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ExplainWorkloadRequest as _credence_agent_v1_ExplainWorkloadRequest, ExplainWorkloadRequest__Output as _credence_agent_v1_ExplainWorkloadRequest__Output } from '../../../credence/agent/v1/ExplainWorkloadRequest.js';
import type { ExplainWorkloadResponse as _credence_agent_v1_ExplainWorkloadResponse, ExplainWorkloadResponse__Output as _credence_agent_v1_ExplainWorkloadResponse__Output } from '../../../credence/agent/v1/ExplainWorkloadResponse.js';

export interface ExplainClient extends grpc.Client {
  ExplainWorkload(argument: _credence_agent_v1_ExplainWorkloadRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_credence_agent_v1_ExplainWorkloadResponse__Output>): grpc.ClientUnaryCall;
  ExplainWorkload(argument: _credence_agent_v1_ExplainWorkloadRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_credence_agent_v1_ExplainWorkloadResponse__Output>): grpc.ClientUnaryCall;
  ExplainWorkload(argument: _credence_agent_v1_ExplainWorkloadRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_credence_agent_v1_ExplainWorkloadResponse__Output>): grpc.ClientUnaryCall;
  ExplainWorkload(argument: _credence_agent_v1_ExplainWorkloadRequest, callback: grpc.requestCallback<_credence_agent_v1_ExplainWorkloadResponse__Output>): grpc.ClientUnaryCall;
  explainWorkload(argument: _credence_agent_v1_ExplainWorkloadRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_credence_agent_v1_ExplainWorkloadResponse__Output>): grpc.ClientUnaryCall;
  explainWorkload(argument: _credence_agent_v1_ExplainWorkloadRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_credence_agent_v1_ExplainWorkloadResponse__Output>): grpc.ClientUnaryCall;
  explainWorkload(argument: _credence_agent_v1_ExplainWorkloadRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_credence_agent_v1_ExplainWorkloadResponse__Output>): grpc.ClientUnaryCall;
  explainWorkload(argument: _credence_agent_v1_ExplainWorkloadRequest, callback: grpc.requestCallback<_credence_agent_v1_ExplainWorkloadResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface ExplainHandlers extends grpc.UntypedServiceImplementation {
  ExplainWorkload: grpc.handleUnaryCall<_credence_agent_v1_ExplainWorkloadRequest__Output, _credence_agent_v1_ExplainWorkloadResponse>;
  
}

export interface ExplainDefinition extends grpc.ServiceDefinition {
  ExplainWorkload: MethodDefinition<_credence_agent_v1_ExplainWorkloadRequest, _credence_agent_v1_ExplainWorkloadResponse, _credence_agent_v1_ExplainWorkloadRequest__Output, _credence_agent_v1_ExplainWorkloadResponse__Output>
}
