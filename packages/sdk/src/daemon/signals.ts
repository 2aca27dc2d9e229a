// SIGINT and SIGTERM as an AbortSignal.

/** Ends by an AbortSignal what a user ends by a signal. */
export interface ProcessSignals extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * Aborts at the first SIGINT or SIGTERM; the second one kills the process as if nobody listened. Disposal stops
 * listening.
 */
export function abortOnSignals(): ProcessSignals {
  const controller = new AbortController();
  const stopListening = (): void => {
    process.off('SIGINT', abort);
    process.off('SIGTERM', abort);
  };
  const abort = (name: NodeJS.Signals): void => {
    stopListening();
    controller.abort(new DOMException(`stopped by ${name}`, 'AbortError'));
  };
  process.on('SIGINT', abort);
  process.on('SIGTERM', abort);
  return { signal: controller.signal, [Symbol.dispose]: stopListening };
}
