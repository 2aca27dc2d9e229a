// A selector: one attested property of a node or a workload, as `type:value`.

export interface Selector {
  /** The attestor that found it, such as `unix`; not empty, without a colon. */
  readonly type: string;
  /** Not empty; may hold colons, as in `uid:1000`. */
  readonly value: string;
}

/** One text for each selector: the type has no colon, so two selectors never share a key. */
export function selectorKey(selector: Selector): string {
  return `${selector.type}:${selector.value}`;
}

/** Why a selector is not one, or undefined. */
export function selectorProblem({ type, value }: Selector): string | undefined {
  if (type === '') return 'missing selector type';
  if (type.includes(':')) return 'selector type contains ":"';
  if (value === '') return 'missing selector value';
  return undefined;
}

/**
 * The most members that a set in a request may have, of selectors or of trust domains: far more than any entry needs, and
 * far below what one SQL statement may bind (SQLite: 32766).
 */
const largestSet = 1000;

/** Why a set of so many members is not taken, or undefined. */
export function setSizeProblem(noun: string, size: number): string | undefined {
  return size > largestSet ? `${size} ${noun}; at most ${largestSet} are accepted` : undefined;
}

/** How a stored set of selectors relates to a given one. */
export type SetMatch = 'exact' | 'subset' | 'superset' | 'any';
