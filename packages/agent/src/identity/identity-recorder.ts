// Writes down what is being served, so that the next start can serve it without the server. Late rather than often: what
// changes together is written together, and nothing waits for it.
import type { Clock, Logger } from '@credence/sdk/runtime';
import type { AgentSvid } from '../domain/agent-svid.js';
import type { RememberedIdentities } from '../domain/remembered-identities.js';
import type { BundleCache } from './bundle-cache.js';
import type { EntryCache } from './entry-cache.js';
import { Pause } from './pause.js';
import type { IdentityStore } from './ports.js';
import type { SvidCache } from './svid-cache.js';

const settlingMs = 1000;
const apartMs = 5000;
const idleMs = 3_600_000;

export interface IdentityRecorderOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly store: IdentityStore;
  readonly entries: EntryCache;
  readonly svids: SvidCache;
  readonly bundles: BundleCache;
  /** Whose key seals it. */
  readonly agent: () => AgentSvid;
}

export class IdentityRecorder {
  readonly #options: IdentityRecorderOptions;
  readonly #pause: Pause;
  #hasChanged = false;
  #isOver = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: IdentityRecorderOptions) {
    this.#options = options;
    this.#pause = new Pause(options.clock);
  }

  /** Something that is served is another now. */
  changed(): void {
    this.#hasChanged = true;
    this.#pause.cut();
  }

  /** Writes after changes, and once more at the end. @throws `signal.reason`, and nothing else */
  async run(signal: AbortSignal): Promise<never> {
    const { clock } = this.#options;
    try {
      for (;;) {
        if (!this.#hasChanged) await this.#pause.wait(idleMs, signal);
        this.#pause.forget();
        await clock.sleep(settlingMs, { signal });
        await this.#write();
        await clock.sleep(apartMs, { signal });
      }
    } finally {
      await this.#write();
    }
  }

  /** Removes what was written, and writes no more. */
  async forget(): Promise<void> {
    this.#isOver = true;
    await this.#writing;
    await this.#options.store.remove();
  }

  #write(): Promise<void> {
    if (this.#hasChanged && !this.#isOver) this.#writing = this.#writing.then(() => this.#writeNow());
    return this.#writing;
  }

  // The disk may be full: what is served does not depend on it, and the next attempt may fare better.
  async #writeNow(): Promise<void> {
    const { store, agent, log } = this.#options;
    this.#hasChanged = false;
    try {
      await store.store(agent(), this.#snapshot());
    } catch (error) {
      this.#hasChanged = true;
      log.error({ err: error }, 'the identities could not be written to disk');
    }
  }

  #snapshot(): RememberedIdentities {
    const { clock, entries, svids, bundles } = this.#options;
    const identities = [...entries.entries.values()].map((entry) => ({ entry, held: svids.held(entry) }));
    return {
      writtenAt: clock.now(),
      identities,
      bundle: bundles.own,
      federatedBundles: bundles.allFederated,
    };
  }
}
