// What attestors of containers ask about signatures. The libraries are loaded only where somebody may ask: most agents have
// no such rules.
import type { Clock, Logger } from '@credence/sdk/runtime';
import type { SigstoreRules } from './image-verifier.js';
import { problem, reasonOf } from './problem.js';
import type { Verdicts } from './verdicts.js';

export interface ImageSignaturesOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly sigstore: SigstoreRules & {
    /** Names of images with their digest, or images' IDs, that nobody need have signed. */
    readonly skippedImages: readonly string[];
  };
  /** A folder of the agent's own for what TUF brought. */
  readonly cachePath: string;
}

/** An image as the daemon that runs it knows it. */
export interface RunningImage {
  /** The digest of its configuration, `sha256:…`. */
  readonly id: string;
  /** Its names with the digests of its manifests, `registry.example/app@sha256:…`. */
  readonly names: readonly string[];
}

// Each repository that an image was had from gives it one.
const mostNames = 64;

export class ImageSignatures {
  readonly #options: ImageSignaturesOptions;
  readonly #verdicts: Promise<Verdicts>;

  /** Says in the log, soon, what keeps all images from being verified, and when anybody may have signed them. */
  constructor(options: ImageSignaturesOptions) {
    this.#options = options;
    this.#verdicts = this.#load();
    this.#verdicts.catch((err: unknown) => {
      options.log.error({ err }, 'sigstore: the verification of images did not load');
    });
    if (options.sigstore.allowedSigners.length > 0) return;
    options.log.warn({}, 'sigstore: allowed_identities is empty, so that anybody may have signed a verified image');
  }

  /**
   * The values of the selectors; none for an image that is skipped.
   *
   * @throws ERR_ATTESTATION when no name of the image leads to a signature that counts.
   */
  async selectors({ id, names }: RunningImage): Promise<readonly string[]> {
    const { skippedImages } = this.#options.sigstore;
    if ([id, ...names].some((image) => skippedImages.includes(image))) return [];
    if (names.length === 0) throw problem(`image ${id} has no digest of a registry, where its signatures would be`);
    const verdicts = await this.#verdicts;
    // At once: whoever gave it a name in a registry of his own, which answers when it likes, must not hold up the others.
    return Promise.any(names.slice(0, mostNames).map((name) => verdicts.of(name))).catch((error: unknown) => {
      throw problem(error instanceof AggregateError ? error.errors.map(reasonOf).join('; ') : reasonOf(error));
    });
  }

  async #load(): Promise<Verdicts> {
    const [{ ImageVerifier }, { Verdicts }] = await Promise.all([
      import('./image-verifier.js'),
      import('./verdicts.js'),
    ]);
    const { clock, log, sigstore: rules, cachePath } = this.#options;
    const verifier = new ImageVerifier({ clock, log, rules, cachePath });
    // Before a workload asks: an operator who starts an agent still looks at it.
    verifier.prepare().catch((err: unknown) => {
      log.warn({ err }, 'sigstore: no image can be verified now');
    });
    return new Verdicts(clock, (image, signal) => verifier.verify(image, signal));
  }
}
