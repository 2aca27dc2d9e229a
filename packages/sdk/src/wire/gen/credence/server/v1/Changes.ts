// From proto/credence/server/v1/changes.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { GetEntriesRequest as _credence_server_v1_GetEntriesRequest, GetEntriesRequest__Output as _credence_server_v1_GetEntriesRequest__Output } from '../../../credence/server/v1/GetEntriesRequest.js';
import type { GetEntriesResponse as _credence_server_v1_GetEntriesResponse, GetEntriesResponse__Output as _credence_server_v1_GetEntriesResponse__Output } from '../../../credence/server/v1/GetEntriesResponse.js';
import type { WatchChangesRequest as _credence_server_v1_WatchChangesRequest, WatchChangesRequest__Output as _credence_server_v1_WatchChangesRequest__Output } from '../../../credence/server/v1/WatchChangesRequest.js';
import type { WatchChangesResponse as _credence_server_v1_WatchChangesResponse, WatchChangesResponse__Output as _credence_server_v1_WatchChangesResponse__Output } from '../../../credence/server/v1/WatchChangesResponse.js';

export interface ChangesClient extends grpc.Client {
  GetEntries(argument: _credence_server_v1_GetEntriesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_credence_server_v1_GetEntriesResponse__Output>): grpc.ClientUnaryCall;
  GetEntries(argument: _credence_server_v1_GetEntriesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_credence_server_v1_GetEntriesResponse__Output>): grpc.ClientUnaryCall;
  GetEntries(argument: _credence_server_v1_GetEntriesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_credence_server_v1_GetEntriesResponse__Output>): grpc.ClientUnaryCall;
  GetEntries(argument: _credence_server_v1_GetEntriesRequest, callback: grpc.requestCallback<_credence_server_v1_GetEntriesResponse__Output>): grpc.ClientUnaryCall;
  getEntries(argument: _credence_server_v1_GetEntriesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_credence_server_v1_GetEntriesResponse__Output>): grpc.ClientUnaryCall;
  getEntries(argument: _credence_server_v1_GetEntriesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_credence_server_v1_GetEntriesResponse__Output>): grpc.ClientUnaryCall;
  getEntries(argument: _credence_server_v1_GetEntriesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_credence_server_v1_GetEntriesResponse__Output>): grpc.ClientUnaryCall;
  getEntries(argument: _credence_server_v1_GetEntriesRequest, callback: grpc.requestCallback<_credence_server_v1_GetEntriesResponse__Output>): grpc.ClientUnaryCall;
  
  WatchChanges(argument: _credence_server_v1_WatchChangesRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_credence_server_v1_WatchChangesResponse__Output>;
  WatchChanges(argument: _credence_server_v1_WatchChangesRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_credence_server_v1_WatchChangesResponse__Output>;
  watchChanges(argument: _credence_server_v1_WatchChangesRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_credence_server_v1_WatchChangesResponse__Output>;
  watchChanges(argument: _credence_server_v1_WatchChangesRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_credence_server_v1_WatchChangesResponse__Output>;
  
}

export interface ChangesHandlers extends grpc.UntypedServiceImplementation {
  GetEntries: grpc.handleUnaryCall<_credence_server_v1_GetEntriesRequest__Output, _credence_server_v1_GetEntriesResponse>;
  
  WatchChanges: grpc.handleServerStreamingCall<_credence_server_v1_WatchChangesRequest__Output, _credence_server_v1_WatchChangesResponse>;
  
}

export interface ChangesDefinition extends grpc.ServiceDefinition {
  GetEntries: MethodDefinition<_credence_server_v1_GetEntriesRequest, _credence_server_v1_GetEntriesResponse, _credence_server_v1_GetEntriesRequest__Output, _credence_server_v1_GetEntriesResponse__Output>
  WatchChanges: MethodDefinition<_credence_server_v1_WatchChangesRequest, _credence_server_v1_WatchChangesResponse, _credence_server_v1_WatchChangesRequest__Output, _credence_server_v1_WatchChangesResponse__Output>
}
