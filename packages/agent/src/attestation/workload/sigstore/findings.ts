// What is known of an image so far, and why the rest does not count.
import { problem, reasonOf } from './problem.js';
import type { SignedObject, UnreadableObject } from './signed-objects.js';

/** The selectors that an object earns; @throws why it earns none. */
export type Judge = (object: SignedObject) => readonly string[];

// Whoever may write to a repository chooses how many there are, and what some of them say.
const toldReasons = 5;
const longestReason = 300;

export class Findings {
  readonly #image: string;
  readonly #judge: Judge;
  readonly #signatures: (readonly string[])[] = [];
  readonly #reasons = { signature: [] as string[], attestation: [] as string[] };
  #isAttested = false;

  constructor(image: string, judge: Judge) {
    this.#image = image;
    this.#judge = judge;
  }

  get isAttested(): boolean {
    return this.#isAttested;
  }

  add(object: SignedObject | UnreadableObject): void {
    try {
      if (object.reason !== undefined) throw problem(object.reason);
      const selectors = this.#judge(object);
      if (object.kind === 'signature') this.#signatures.push(selectors);
      else this.#isAttested = true;
    } catch (error) {
      this.#reasons[object.kind].push(reasonOf(error).slice(0, longestReason));
    }
  }

  /**
   * The selectors of all signatures, each once.
   *
   * @throws ERR_ATTESTATION when there is none.
   */
  signatures(): readonly string[] {
    if (this.#signatures.length === 0) throw this.#lack('signature');
    return [...new Set(this.#signatures.flat())];
  }

  /** @throws ERR_ATTESTATION when nobody attested to the image. */
  checkAttested(): void {
    if (!this.#isAttested) throw this.#lack('attestation');
  }

  #lack(kind: SignedObject['kind']): Error {
    const reasons = this.#reasons[kind];
    const advice = kind === 'attestation' ? '; ignore_attestations does without' : '';
    if (reasons.length === 0) return problem(`the registry has no ${kind} of ${this.#image}${advice}`);
    const told = reasons.slice(0, toldReasons).join('; ');
    return problem(`no ${kind} of ${this.#image} counts, of ${reasons.length}: ${told}${advice}`);
  }
}
