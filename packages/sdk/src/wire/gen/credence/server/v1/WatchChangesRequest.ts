// From proto/credence/server/v1/changes.proto


export interface WatchChangesRequest {
}

export interface WatchChangesRequest__Output {
}
