// A map from a key to a set of values; a key without values is not kept.

const none: ReadonlySet<never> = new Set<never>();

export class Multimap<K, V> {
  readonly #sets = new Map<K, Set<V>>();

  get(key: K): ReadonlySet<V> {
    return this.#sets.get(key) ?? none;
  }

  add(key: K, value: V): void {
    const values = this.#sets.get(key);
    if (values === undefined) this.#sets.set(key, new Set([value]));
    else values.add(value);
  }

  delete(key: K, value: V): void {
    const values = this.#sets.get(key);
    if (values?.delete(value) === true && values.size === 0) this.#sets.delete(key);
  }
}
