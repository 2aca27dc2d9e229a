// Sources that change say so. The interface is structural: an EventEmitter that emits 'update' fits.

/** What a source that changes offers besides its getters. A source without it is taken as constant. */
export interface Observable {
  on(event: 'update', listener: () => void): unknown;
  off(event: 'update', listener: () => void): unknown;
}

/** Calls `listener` after each update of any of the sources, until the returned function is called. */
export function observe(sources: readonly object[], listener: () => void): () => void {
  const observed = [...new Set(sources)].filter(isObservable);
  for (const source of observed) source.on('update', listener);
  return () => {
    for (const source of observed) source.off('update', listener);
  };
}

function isObservable(source: object): source is Observable {
  return 'on' in source && typeof source.on === 'function' && 'off' in source && typeof source.off === 'function';
}
