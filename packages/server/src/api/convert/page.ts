// Paging on the wire: no size, or a negative one, is no paging.
import type { PageRequest } from '../../datastore/page.js';

interface WirePage {
  readonly page_size: number;
  readonly page_token: string;
}

export function decodePage({ page_size: size, page_token: token }: WirePage): PageRequest {
  return { size: Math.max(0, size), token };
}
