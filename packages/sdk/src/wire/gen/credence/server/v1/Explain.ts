// From proto/credence/server/v1/explain.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ExplainEntriesRequest as _credence_server_v1_ExplainEntriesRequest, ExplainEntriesRequest__Output as _credence_server_v1_ExplainEntriesRequest__Output } from '../../../credence/server/v1/ExplainEntriesRequest.js';
import type { ExplainEntriesResponse as _credence_server_v1_ExplainEntriesResponse, ExplainEntriesResponse__Output as _credence_server_v1_ExplainEntriesResponse__Output } from '../../../credence/server/v1/ExplainEntriesResponse.js';

export interface ExplainClient extends grpc.Client {
  ExplainEntries(argument: _credence_server_v1_ExplainEntriesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_credence_server_v1_ExplainEntriesResponse__Output>): grpc.ClientUnaryCall;
  ExplainEntries(argument: _credence_server_v1_ExplainEntriesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_credence_server_v1_ExplainEntriesResponse__Output>): grpc.ClientUnaryCall;
  ExplainEntries(argument: _credence_server_v1_ExplainEntriesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_credence_server_v1_ExplainEntriesResponse__Output>): grpc.ClientUnaryCall;
  ExplainEntries(argument: _credence_server_v1_ExplainEntriesRequest, callback: grpc.requestCallback<_credence_server_v1_ExplainEntriesResponse__Output>): grpc.ClientUnaryCall;
  explainEntries(argument: _credence_server_v1_ExplainEntriesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_credence_server_v1_ExplainEntriesResponse__Output>): grpc.ClientUnaryCall;
  explainEntries(argument: _credence_server_v1_ExplainEntriesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_credence_server_v1_ExplainEntriesResponse__Output>): grpc.ClientUnaryCall;
  explainEntries(argument: _credence_server_v1_ExplainEntriesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_credence_server_v1_ExplainEntriesResponse__Output>): grpc.ClientUnaryCall;
  explainEntries(argument: _credence_server_v1_ExplainEntriesRequest, callback: grpc.requestCallback<_credence_server_v1_ExplainEntriesResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface ExplainHandlers extends grpc.UntypedServiceImplementation {
  ExplainEntries: grpc.handleUnaryCall<_credence_server_v1_ExplainEntriesRequest__Output, _credence_server_v1_ExplainEntriesResponse>;
  
}

export interface ExplainDefinition extends grpc.ServiceDefinition {
  ExplainEntries: MethodDefinition<_credence_server_v1_ExplainEntriesRequest, _credence_server_v1_ExplainEntriesResponse, _credence_server_v1_ExplainEntriesRequest__Output, _credence_server_v1_ExplainEntriesResponse__Output>
}
