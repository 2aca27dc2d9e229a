import { setTimeout as delay } from 'node:timers/promises';

/** Resolves once the condition holds; fails after 10 seconds. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within 10 s: ${what}`);
    await delay(5);
  }
}
