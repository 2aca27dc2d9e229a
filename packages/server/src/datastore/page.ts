// Paging in creation order: a token is the row id of the last row read.

export interface PageRequest {
  /** Zero or less: everything, whatever the token. */
  readonly size: number;
  /** Empty: the first page. */
  readonly token: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Empty when the page read no row, or was everything. */
  readonly nextToken: string;
}
