// From proto/credence/server/v1/changes.proto


export interface WatchChangesResponse {
  'entries'?: (boolean);
  'bundles'?: (boolean);
}

export interface WatchChangesResponse__Output {
  'entries': (boolean);
  'bundles': (boolean);
}
