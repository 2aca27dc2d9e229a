// Sources that change say so. The interface is structural: an EventEmitter that emits 'update' fits.

/** What a source that changes offers besides its getters. A source without it is taken as constant. */
export interface Observable {
  on(event: 'update', listener: () => void): unknown;
  off(event: 'update', listener: () => void): unknown;
}

/** The one listener that we have on a source, however many servers and agents use it: Node warns of more than ten. */
class Watch {
  readonly #source: Observable;
  readonly #listeners = new Set<() => void>();

  constructor(source: Observable) {
    this.#source = source;
  }

  add(listener: () => void): () => void {
    if (this.#listeners.size === 0) this.#source.on('update', this.#notify);
    this.#listeners.add(listener);
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#source.off('update', this.#notify);
    };
  }

  readonly #notify = (): void => {
    for (const listener of [...this.#listeners]) listener();
  };
}

const watches = new WeakMap<Observable, Watch>();

/** Calls `listener` after each update of any of the sources, until the returned function is called. */
export function watchSources(sources: readonly object[], listener: () => void): () => void {
  const stops = [...new Set(sources)].filter(isObservable).map((source) => watch(source, listener));
  return () => {
    for (const stop of stops) stop();
  };
}

function watch(source: Observable, listener: () => void): () => void {
  const known = watches.get(source) ?? new Watch(source);
  watches.set(source, known);
  return known.add(listener);
}

function isObservable(source: object): source is Observable {
  return 'on' in source && typeof source.on === 'function' && 'off' in source && typeof source.off === 'function';
}
