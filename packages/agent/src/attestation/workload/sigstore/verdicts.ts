// A verdict on an image may be asked for by each connection of its workloads, and costs a registry some answers.
import type { Clock } from '@credence/sdk/runtime';
import { Turns } from '../turns.js';
import { KeptAnswer } from './kept-answer.js';
import { problem } from './problem.js';

const keptMs = 60 * 60 * 1000;
const maxVerdicts = 1000;
const deadlineMs = 30_000;
// Who starts containers chooses registries, which may take all the time that there is.
const atATime = 8;
const atATimeOfRegistry = 2;

/** Verdicts by image: the good ones for an hour, the bad ones for 10 seconds. */
export class Verdicts {
  readonly #clock: Clock;
  readonly #verify: (image: string, signal: AbortSignal) => Promise<readonly string[]>;
  readonly #verdicts = new Map<string, KeptAnswer<readonly string[]>>();
  readonly #turns = new Turns(atATime);
  readonly #turnsOfRegistry = new Turns<string>(atATimeOfRegistry);

  constructor(clock: Clock, verify: (image: string, signal: AbortSignal) => Promise<readonly string[]>) {
    this.#clock = clock;
    this.#verify = verify;
  }

  /** @throws what the verification throws; ERR_ATTESTATION when it takes longer than 30 seconds. */
  of(image: string): Promise<readonly string[]> {
    const known = this.#verdicts.get(image);
    if (known?.isCurrent === true) return known.value;
    const verdict = this.#turnsOfRegistry.take(registryIn(image), () => this.#turns.take(0, () => this.#inTime(image)));
    this.#verdicts.delete(image);
    this.#verdicts.set(image, new KeptAnswer(this.#clock, verdict, () => keptMs));
    const [oldest] = this.#verdicts.keys();
    if (this.#verdicts.size > maxVerdicts && oldest !== undefined) this.#verdicts.delete(oldest);
    return verdict;
  }

  // Not ended by its caller: who comes next has the answer.
  async #inTime(image: string): Promise<readonly string[]> {
    const work = new AbortController();
    const deadline = this.#clock.sleep(deadlineMs, { signal: work.signal, ref: false }).then(() => {
      throw problem(`the signatures of ${image} were not found out within ${deadlineMs} ms`);
    });
    try {
      return await Promise.race([this.#verify(image, work.signal), deadline]);
    } finally {
      work.abort();
    }
  }
}

function registryIn(image: string): string {
  return image.slice(0, Math.max(0, image.indexOf('/')));
}
