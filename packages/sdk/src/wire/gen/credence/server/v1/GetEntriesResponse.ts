// From proto/credence/server/v1/changes.proto

import type { Entry as _spire_api_types_Entry, Entry__Output as _spire_api_types_Entry__Output } from '../../../spire/api/types/Entry.js';

export interface GetEntriesResponse {
  'entries'?: (_spire_api_types_Entry)[];
}

export interface GetEntriesResponse__Output {
  'entries': (_spire_api_types_Entry__Output)[];
}
