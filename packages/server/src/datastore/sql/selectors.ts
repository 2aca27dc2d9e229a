// A list of selectors ⇄ one column: a JSON array of their keys.
import { selectorKey, type Selector } from '../../domain/selector.js';

export function encodeSelectors(selectors: readonly Selector[]): string {
  return JSON.stringify(selectors.map(selectorKey));
}

export function decodeSelectors(json: string): readonly Selector[] {
  return (JSON.parse(json) as string[]).map((key) => {
    const colon = key.indexOf(':');
    return { type: key.slice(0, colon), value: key.slice(colon + 1) };
  });
}
