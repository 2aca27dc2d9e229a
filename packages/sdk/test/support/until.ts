// Waiting in tests: for a condition, with a deadline, never for a time.
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The first answer of `look` that is neither undefined nor false.
 *
 * @throws Error naming `what` after `seconds`, with the last failure of `look` as its cause.
 */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  seconds = 15,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  let failure: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      failure = error;
    }
    if (performance.now() > deadline) throw new Error(`${what}: not within ${seconds} s`, { cause: failure });
    await sleep(10);
  }
}
