// A map from a key to a set of values; a key without values is not kept. Most keys of an entry graph have one value, which
// is kept without a set: of a hundred thousand sets the memory would be felt.

const none: readonly never[] = [];

export class Multimap<K, V extends object> {
  readonly #values = new Map<K, V | Several<V>>();

  get(key: K): Iterable<V> {
    const found = this.#values.get(key);
    if (found === undefined) return none;
    return found instanceof Several ? found : [found];
  }

  add(key: K, value: V): void {
    const found = this.#values.get(key);
    if (found === undefined) this.#values.set(key, value);
    else if (found instanceof Several) found.add(value);
    else if (found !== value) this.#values.set(key, new Several([found, value]));
  }

  delete(key: K, value: V): void {
    const found = this.#values.get(key);
    if (found === value) this.#values.delete(key);
    if (!(found instanceof Several)) return;
    found.delete(value);
    if (found.size === 0) this.#values.delete(key);
  }
}

/** A set that is no value itself. */
class Several<V> extends Set<V> {}
