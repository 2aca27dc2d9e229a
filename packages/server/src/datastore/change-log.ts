/** One change, written in the transaction of the change itself. */
export interface Change {
  /** Grows with each change. */
  readonly id: number;
  readonly noun: 'entry' | 'agent' | 'bundle';
  /** The entry's ID, the agent's SPIFFE ID, the bundle's trust domain name. */
  readonly key: string;
}

/** The order of all changes, by which each server keeps its memory in step with the datastore. */
export interface ChangeLog {
  /** Up to `limit` changes after `id`, in order. */
  since(id: number, limit: number): Promise<readonly Change[]>;
  /** The newest change, or 0. */
  last(): Promise<number>;
  /**
   * Calls back after each commit of this process; the writes of the commit resolve once every listener is done. Answers
   * the unsubscription.
   */
  onCommit(listener: () => void | Promise<void>): () => void;
  /** Deletes changes older than `before`, a time by which every server has read them. */
  prune(before: Date): Promise<void>;
}
