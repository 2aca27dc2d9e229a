// From proto/credence/server/v1/changes.proto


export interface WatchChangesResponse {
  'entries'?: (boolean);
  'bundles'?: (boolean);
  'entry_ids'?: (string)[];
}

export interface WatchChangesResponse__Output {
  'entries': (boolean);
  'bundles': (boolean);
  'entry_ids': (string)[];
}
