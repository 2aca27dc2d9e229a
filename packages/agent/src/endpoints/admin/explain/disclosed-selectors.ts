// How much of the selectors that were found is told. The environment of a container often holds passwords, and what is
// explained is shown, copied and sent around: the value of a variable is told only if an entry has it already.
import type { AuthorizedEntry } from '../../../domain/authorized-entry.js';
import { selectorKey, type Selector } from '../../../domain/selector.js';

const hidden = '…';

/** What is told of selectors that were found: of `docker:env:PASSWORD=…` the name, unless an entry names that very selector. */
export function disclosedBy(
  entries: Iterable<AuthorizedEntry>,
): (selectors: readonly Selector[]) => readonly Selector[] {
  const named = new Set<string>();
  for (const { selectors } of entries) for (const selector of selectors) named.add(selectorKey(selector));
  return (selectors) => selectors.map((selector) => (named.has(selectorKey(selector)) ? selector : masked(selector)));
}

function masked({ type, value }: Selector): Selector {
  return { type, value: value.replace(/^(env:[^=]*=).*$/s, `$1${hidden}`) };
}
