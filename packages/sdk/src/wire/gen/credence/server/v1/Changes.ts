// From proto/credence/server/v1/changes.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { WatchChangesRequest as _credence_server_v1_WatchChangesRequest, WatchChangesRequest__Output as _credence_server_v1_WatchChangesRequest__Output } from '../../../credence/server/v1/WatchChangesRequest.js';
import type { WatchChangesResponse as _credence_server_v1_WatchChangesResponse, WatchChangesResponse__Output as _credence_server_v1_WatchChangesResponse__Output } from '../../../credence/server/v1/WatchChangesResponse.js';

export interface ChangesClient extends grpc.Client {
  WatchChanges(argument: _credence_server_v1_WatchChangesRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_credence_server_v1_WatchChangesResponse__Output>;
  WatchChanges(argument: _credence_server_v1_WatchChangesRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_credence_server_v1_WatchChangesResponse__Output>;
  watchChanges(argument: _credence_server_v1_WatchChangesRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_credence_server_v1_WatchChangesResponse__Output>;
  watchChanges(argument: _credence_server_v1_WatchChangesRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_credence_server_v1_WatchChangesResponse__Output>;
  
}

export interface ChangesHandlers extends grpc.UntypedServiceImplementation {
  WatchChanges: grpc.handleServerStreamingCall<_credence_server_v1_WatchChangesRequest__Output, _credence_server_v1_WatchChangesResponse>;
  
}

export interface ChangesDefinition extends grpc.ServiceDefinition {
  WatchChanges: MethodDefinition<_credence_server_v1_WatchChangesRequest, _credence_server_v1_WatchChangesResponse, _credence_server_v1_WatchChangesRequest__Output, _credence_server_v1_WatchChangesResponse__Output>
}
