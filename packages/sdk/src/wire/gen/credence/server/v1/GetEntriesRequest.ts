// From proto/credence/server/v1/changes.proto


export interface GetEntriesRequest {
  'ids'?: (string)[];
}

export interface GetEntriesRequest__Output {
  'ids': (string)[];
}
