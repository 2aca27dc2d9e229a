// What is known of an image so far, and why the rest does not count.
import type { Judgement } from './judge.js';
import { problem } from './problem.js';

// Whoever may write to a repository chooses how many there are, and what some of them say.
const toldReasons = 5;
const longestReason = 300;

export class Findings {
  readonly #image: string;
  readonly #signatures: (readonly string[])[] = [];
  readonly #reasons = { signature: [] as string[], attestation: [] as string[] };
  #isAttested = false;

  constructor(image: string) {
    this.#image = image;
  }

  get isAttested(): boolean {
    return this.#isAttested;
  }

  add({ kind, outcome }: Judgement): void {
    if ('reason' in outcome) this.#reasons[kind].push(beginningOf(outcome.reason));
    else if (kind === 'signature') this.#signatures.push(outcome.selectors);
    else this.#isAttested = true;
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

  #lack(kind: Judgement['kind']): Error {
    const reasons = this.#reasons[kind];
    const advice = kind === 'attestation' ? '; ignore_attestations does without' : '';
    if (reasons.length === 0) return problem(`the registry has no ${kind} of ${this.#image}${advice}`);
    const told = reasons.slice(0, toldReasons).join('; ');
    return problem(`no ${kind} of ${this.#image} counts, of ${reasons.length}: ${told}${advice}`);
  }
}

// A copy: a mere part would keep all of a text in memory, which may quote megabytes.
function beginningOf(reason: string): string {
  return Buffer.from(reason.slice(0, longestReason)).toString();
}
