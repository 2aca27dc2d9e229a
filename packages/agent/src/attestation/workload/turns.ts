// Attestations take turns: each opens files, and may read a large one.

interface Queue {
  running: number;
  readonly waiting: (() => void)[];
}

/** A number of works at a time for each user, or whatever they are for, in the order in which they came. */
export class Turns<Key = number> {
  readonly #atATime: number;
  readonly #queues = new Map<Key, Queue>();

  constructor(atATime: number) {
    this.#atATime = atATime;
  }

  async take<T>(key: Key, work: () => Promise<T>): Promise<T> {
    const queue = this.#queues.get(key) ?? { running: 0, waiting: [] };
    this.#queues.set(key, queue);
    if (queue.running < this.#atATime) queue.running++;
    else await new Promise<void>((resolve) => queue.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = queue.waiting.shift();
      if (next !== undefined) next();
      else if (--queue.running === 0) this.#queues.delete(key);
    }
  }
}
