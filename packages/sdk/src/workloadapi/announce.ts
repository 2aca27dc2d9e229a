// Events that cannot do harm: a listener that throws fails as every callback does, but takes neither the other listeners
// nor the watch with it.
import type { EventEmitter } from 'node:events';

/** Calls every listener of the event. */
export function announce(
  emitter: Pick<EventEmitter, 'rawListeners'>,
  name: string,
  ...event: readonly unknown[]
): void {
  for (const listener of emitter.rawListeners(name)) {
    try {
      Reflect.apply(listener, emitter, event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
