// A selector: one attested property of a workload, as `type:value`.

export interface Selector {
  /** The attestor that found it, such as `unix`; without a colon. */
  readonly type: string;
  /** May hold colons, as in `uid:1000`. */
  readonly value: string;
}

/** One text for each selector: the type has no colon, so two selectors never share a key. */
export function selectorKey(selector: Selector): string {
  return `${selector.type}:${selector.value}`;
}
