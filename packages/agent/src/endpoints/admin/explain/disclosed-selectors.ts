// Which of the selectors that were found are told. The environment of a container often holds passwords, and what is
// explained is shown, copied and sent around: of its variables only those are told that entries go by.
import type { AuthorizedEntry } from '../../../domain/authorized-entry.js';
import type { Selector } from '../../../domain/selector.js';

/** The name of the variable that a selector such as `docker:env:ROLE=web` is about; undefined for all others. */
function variableOf({ type, value }: Selector): string | undefined {
  const name = /^env:([^=]*)=/.exec(value)?.[1];
  return name === undefined ? undefined : `${type}:${name}`;
}

/** A filter for the selectors that were found. */
export function disclosedBy(
  entries: Iterable<AuthorizedEntry>,
): (selectors: readonly Selector[]) => readonly Selector[] {
  const named = new Set<string>();
  for (const { selectors } of entries) {
    for (const selector of selectors) {
      const variable = variableOf(selector);
      if (variable !== undefined) named.add(variable);
    }
  }
  return (selectors) =>
    selectors.filter((selector) => {
      const variable = variableOf(selector);
      return variable === undefined || named.has(variable);
    });
}
