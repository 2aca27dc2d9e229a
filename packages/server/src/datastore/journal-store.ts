/** A server's record of its authorities: which key is in which slot, since when. */
export interface JournalRecord {
  readonly id: number;
  /** Lower-case hex subject key ID by which a server finds its own record again. */
  readonly activeX509AuthorityId: string;
  /** What ca/ wrote; opaque here. */
  readonly data: string;
}

export interface JournalStore {
  list(): Promise<readonly JournalRecord[]>;
  /** Writes the record, as a new one without an ID; answers the ID. */
  save(record: Omit<JournalRecord, 'id'> & { readonly id?: number | undefined }): Promise<number>;
  delete(id: number): Promise<void>;
}
