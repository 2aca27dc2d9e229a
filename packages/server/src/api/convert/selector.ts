// Selectors and the ways of matching sets of them, on the wire ⇄ domain.
import type {
  _spire_api_types_SelectorMatch_MatchBehavior__Output as MatchBehavior,
  SelectorMatch__Output,
} from '@credence/sdk/wire/gen/spire/api/types/SelectorMatch.js';
import type { Selector as WireSelector, Selector__Output } from '@credence/sdk/wire/gen/spire/api/types/Selector.js';
import { serverError } from '../../domain/errors.js';
import { selectorProblem, setSizeProblem, type Selector, type SetMatch } from '../../domain/selector.js';

const matches: ReadonlyMap<unknown, SetMatch> = new Map<MatchBehavior, SetMatch>([
  ['MATCH_EXACT', 'exact'],
  ['MATCH_SUBSET', 'subset'],
  ['MATCH_SUPERSET', 'superset'],
  ['MATCH_ANY', 'any'],
]);

/** @throws `ERR_INVALID_ARGUMENT` for a number that is no known behaviour */
export function decodeMatch(wire: MatchBehavior): SetMatch {
  const match = matches.get(wire);
  if (match === undefined) throw serverError('ERR_INVALID_ARGUMENT', `unknown match behavior ${wire}`);
  return match;
}

export function encodeSelectors(selectors: readonly Selector[]): WireSelector[] {
  return selectors.map(({ type, value }) => ({ type, value }));
}

/** @throws `ERR_INVALID_ARGUMENT` */
export function decodeSelectors(wire: readonly Selector__Output[]): readonly Selector[] {
  return wire.map(({ type, value }) => {
    const problem = selectorProblem({ type, value });
    if (problem !== undefined) throw serverError('ERR_INVALID_ARGUMENT', problem);
    return { type, value };
  });
}

/** @throws `ERR_INVALID_ARGUMENT` */
export function decodeSelectorMatch(wire: SelectorMatch__Output): { match: SetMatch; selectors: readonly Selector[] } {
  checkSetSize('selectors', wire.selectors);
  const selectors = decodeSelectors(wire.selectors);
  if (selectors.length === 0) throw serverError('ERR_INVALID_ARGUMENT', 'empty selector set');
  return { match: decodeMatch(wire.match), selectors };
}

/** @throws `ERR_INVALID_ARGUMENT` for more members than a set in a request may have */
export function checkSetSize(noun: string, { length }: readonly unknown[]): void {
  const problem = setSizeProblem(noun, length);
  if (problem !== undefined) throw serverError('ERR_INVALID_ARGUMENT', problem);
}
